/**
 * The way of a request, written out: it arrives, we learn who calls, decide whether they may,
 * authorize, forward, and recover once.
 *
 * Owns the order of the stages and nothing else; each stage is a folder of its own, and their
 * names, sorted, are this order. Called by the server for every request but the health checks.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from './clock.ts'
import type { ListenLimits } from './config/config.ts'
import { accept } from './downstream/accept.ts'
import type { Arrival } from './downstream/accept.ts'
import { answerEmpty, answerProblem } from './downstream/answer.ts'
import { capped, readBodyFor } from './downstream/body-rule.ts'
import type { CallerAddress } from './downstream/caller-address.ts'
import { subjectOf } from './identity/principal.ts'
import type { Principal } from './identity/principal.ts'
import { answerOwn } from './own.ts'
import { isPreflight, preflightHeaders } from './policy/cors.ts'
import { decide } from './policy/decide.ts'
import { checkOwnership } from './policy/ownership.ts'
import { asProblem, Problem } from './problem.ts'
import type { Headers, Method } from './provider.ts'
import { CallRecorder } from './record.ts'
import type { CallRecord } from './record.ts'
import { locate } from './storefront.ts'
import type { Storefront, Storefronts, UpstreamDestination } from './storefront.ts'
import type { Tokens } from './tokens/authorize.ts'
import type { Deliver } from './upstream/deliver.ts'
import { readCallerHeaders } from './upstream/request-headers.ts'

export interface GatewayOptions {
  readonly storefronts: Storefronts
  readonly tokens: Tokens
  readonly deliver: Deliver
  readonly addressOf: CallerAddress
  readonly limits: ListenLimits
  readonly clock: Clock
  readonly onRecord: (record: CallRecord) => void
}

export type Gateway = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** One call on its way. */
interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly arrival: Arrival
  readonly storefront: Storefront
  readonly principal: Principal
  readonly cors: Headers
  readonly recorder: CallRecorder
}

/** Milliseconds from arrival to the end of the answer, exchanges and replays included. */
const CALL_DEADLINE = 10_000

export function createGateway(options: GatewayOptions): Gateway {
  const { storefronts, tokens, clock } = options

  return async (request, response) => {
    const recorder = new CallRecorder(clock)
    let cors: Headers = []
    try {
      const arrival = accept(request, options)
      recorder.arrived(arrival)
      const storefront = storefronts.find(arrival.host)
      cors = storefront.cors.headers(arrival)
      await serve({ request, response, arrival, storefront, cors, recorder })
    } catch (error) {
      const problem = asProblem(error)
      recorder.failed(problem)
      answerProblem(response, problem, recorder.id, cors)
    } finally {
      options.onRecord(recorder.finish(response.statusCode))
    }
  }

  async function serve(call: Omit<Call, 'principal'>): Promise<void> {
    const { arrival, storefront, cors, recorder } = call
    const located = locate(storefront, arrival.path)
    if (located === null) {
      throw new Problem('policy/route-unknown', 'Nothing is served under this path.')
    }
    if (isPreflight(arrival)) {
      return answerEmpty(call.response, preflightHeaders(arrival, cors, located.methods))
    }
    const destination = located.destination(routeMethod(arrival))
    recorder.located(storefront.id, destination)
    if (destination === null) {
      throw new Problem('policy/method-not-allowed', 'The route does not take this method.')
    }
    const identified = storefront.identify(arrival)
    const principal = identified instanceof Promise ? await identified : identified
    recorder.identified(principal)
    decide({ arrival, principal, origins: storefront.origins, ...destination })
    if (destination.kind === 'own') return answerOwn(destination.endpoint, { ...call, principal })
    return proxy({ ...call, principal }, destination)
  }

  async function proxy(call: Call, destination: UpstreamDestination): Promise<void> {
    const { arrival, principal, request, storefront } = call
    const { upstream, route } = destination
    const owned = checkOwnership({ ...destination, query: arrival.query }, principal, upstream)
    const customer = subjectOf(principal)
    const headers = readCallerHeaders(arrival, upstream)
    const credential = upstream.authorize({ route, channel: principal.channel, customer, headers })
    const body = arrival.body === 'none' ? null : await readBodyFor(request, arrival, capped(route.body, options.limits))
    const isWhole = body === null || Buffer.isBuffer(body)
    const isReplayable = isWhole && (route.method === 'GET' || route.replayable === true)

    const demand = { storefront: storefront.id, upstream, credential, customer, isReplayable }
    const authorized = tokens.authorize(demand) // 4 tokens
    const authorization = authorized instanceof Promise ? await authorized : authorized
    const isPrivate = principal.kind !== 'anonymous'
    const deadline = call.recorder.startedAt + CALL_DEADLINE
    const { target } = owned
    const { response, cors, recorder } = call
    await options.deliver(
      {
        arrival,
        response,
        upstream,
        target,
        body,
        cors,
        isPrivate,
        isReplayable,
        deadline,
        recorder,
      },
      authorization,
    ) // 5 upstream
  }
}

/** HEAD is GET without a body, also for whoever may. */
function routeMethod({ method }: Arrival): Method {
  return (method === 'HEAD' ? 'GET' : method) as Method
}
