/**
 * The way of a request, written out: it arrives, we learn who calls, decide whether they may,
 * authorize, forward, and recover once.
 *
 * Owns the order of the stages and nothing else; each stage is a folder of its own, and their
 * names, sorted, are this order. Called by the server for every request but the health checks.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from './clock.ts'
import { accept, VIA } from './downstream/accept.ts'
import type { Arrival } from './downstream/accept.ts'
import { answerEmpty, answerProblem } from './downstream/answer.ts'
import { readBodyFor } from './downstream/body-rule.ts'
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
import type { Authorization, Tokens } from './tokens/authorize.ts'
import type { Dispatchers } from './upstream/dispatcher.ts'
import type { Forward, Outcome } from './upstream/forward.ts'
import { readCallerHeaders, requestHeaders } from './upstream/request-headers.ts'

export interface GatewayOptions {
  readonly storefronts: Storefronts
  readonly tokens: Tokens
  readonly dispatchers: Dispatchers
  readonly forward: Forward
  readonly addressOf: CallerAddress
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
      const arrival = accept(request, options.addressOf)
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
    const facts = { route, channel: principal.channel, customer, headers }
    const credential = upstream.authorize(facts)
    const body = arrival.body === 'none' ? null : await readBodyFor(request, arrival, route.body)
    const isWhole = body === null || Buffer.isBuffer(body)
    const isReplayable = isWhole && (route.method === 'GET' || route.replayable === true)

    const send = (authorization: Authorization): Promise<Outcome> =>
      options.forward(
        {
          dispatcher: options.dispatchers.pool(upstream),
          method: arrival.method as Method | 'HEAD',
          target: owned.target(authorization.account),
          headers: requestHeaders(arrival, upstream, credentialHeaders(authorization), VIA),
          body,
          deadline: call.recorder.startedAt + CALL_DEADLINE,
          context: {
            upstream,
            requestId: arrival.id,
            cors: call.cors,
            via: VIA,
            isPrivate: principal.kind !== 'anonymous',
          },
          recorder: call.recorder,
        },
        call.response,
      )

    const demand = { storefront: storefront.id, upstream, credential, customer, isReplayable }
    const authorized = tokens.authorize(demand)
    const first = authorized instanceof Promise ? await authorized : authorized
    const outcome = await send(first)
    if (outcome.type === 'answered') return tokens.accepted(first)

    // Once, and only where sending it twice cannot do it twice.
    const second = await tokens.recover(first, outcome.head)
    if (!isReplayable || second === null) throw credentialRejected(upstream.title)
    const last = await send(second)
    if (last.type === 'answered') return tokens.accepted(second)
    tokens.giveUp(second, first)
    throw credentialRejected(upstream.title)
  }
}

/** HEAD is GET without a body, also for whoever may. */
function routeMethod({ method }: Arrival): Method {
  return (method === 'HEAD' ? 'GET' : method) as Method
}

/** The long-lived part, then the token. */
function credentialHeaders({ credential, token }: Authorization): readonly Headers[] {
  const { headers, token: kind } = credential
  return token === null || kind === null ? [headers] : [headers, [[kind.header, token.value]]]
}

function credentialRejected(title: string): Problem {
  return new Problem(
    'upstream/credential-rejected',
    `${title} rejects the gateway’s credential; the shop’s configuration needs attention.`,
  )
}
