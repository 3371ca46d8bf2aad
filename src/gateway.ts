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
import { accept, hostOf, VIA } from './downstream/accept.ts'
import type { Arrival } from './downstream/accept.ts'
import { answerEmpty, answerProblem } from './downstream/answer.ts'
import { capped, readBodyFor } from './downstream/body-rule.ts'
import type { Body } from './downstream/body.ts'
import type { CallerAddress } from './downstream/caller-address.ts'
import type { Overload } from './downstream/overload.ts'
import { subjectOf } from './identity/principal.ts'
import type { Principal } from './identity/principal.ts'
import { answerOwn } from './own.ts'
import { isPreflight, preflightHeaders } from './policy/cors.ts'
import { decide } from './policy/decide.ts'
import { callerOf } from './policy/limits.ts'
import { checkBody } from './policy/ownership-body.ts'
import { checkOwnership } from './policy/ownership.ts'
import type { Owned } from './policy/ownership.ts'
import { asProblem, Problem } from './problem.ts'
import type { Credential, Headers, Method, Upstream } from './provider.ts'
import { CallRecorder, createSubjectNames } from './record.ts'
import type { CallRecord } from './record.ts'
import { locate } from './storefront.ts'
import type { Destination, Storefront, Storefronts, UpstreamDestination } from './storefront.ts'
import type { Tokens } from './tokens/authorize.ts'
import type { Flight } from './upstream/coalesce.ts'
import type { Deliver, Delivered } from './upstream/deliver.ts'
import { readingOf } from './upstream/reading.ts'
import type { Reads } from './upstream/reads.ts'
import { readCallerHeaders } from './upstream/request-headers.ts'
import type { AnswerContext } from './upstream/response-headers.ts'

export interface GatewayOptions {
  readonly storefronts: Storefronts
  readonly tokens: Tokens
  readonly deliver: Deliver
  readonly reads: Reads
  readonly overload: Overload
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
  /** For whatever answer it gets: CORS, and once it is counted, what is left of its limit. */
  headers: Headers
  readonly recorder: CallRecorder
}

/** Milliseconds from arrival to the end of the answer, exchanges and replays included. */
const CALL_DEADLINE = 10_000

export function createGateway(options: GatewayOptions): Gateway {
  const { storefronts, tokens, clock } = options
  const subjectNames = createSubjectNames()

  return async (request, response) => {
    const recorder = new CallRecorder(clock, subjectNames)
    let call: Omit<Call, 'principal'> | null = null
    try {
      options.overload.check()
      const arrival = accept(request, options)
      recorder.arrived(arrival)
      const storefront = storefronts.find(arrival.host)
      recorder.located(storefront.id, null)
      const headers = storefront.cors.headers(arrival)
      call = { request, response, arrival, storefront, headers, recorder }
      await serve(call)
    } catch (error) {
      const problem = asProblem(error)
      recorder.failed(problem)
      answerProblem(
        response,
        problem,
        recorder.id,
        call?.headers ?? corsOfUnread(request, storefronts),
      )
    } finally {
      options.onRecord(recorder.finish(response.statusCode))
    }
  }

  async function serve(call: Omit<Call, 'principal'>): Promise<void> {
    const { arrival, storefront, recorder } = call
    const located = locate(storefront, arrival.path)
    if (located === null) {
      throw new Problem('policy/route-unknown', 'Nothing is served under this path.')
    }
    if (isPreflight(arrival)) {
      return answerEmpty(call.response, preflightHeaders(arrival, call.headers, located.methods()))
    }
    const destination = located.destination(routeMethod(arrival))
    recorder.located(storefront.id, destination)
    if (destination === null) {
      throw new Problem('policy/method-not-allowed', 'The route does not take this method.')
    }
    // Before anybody is asked who this is: what comes after a body nobody expects is ambiguous.
    if (arrival.body !== 'none' && !destination.takesBody) {
      throw new Problem('downstream/malformed', 'The route takes no body.')
    }
    storefront.limits.checkAddress(arrival.address)
    const identified = storefront.identify(arrival)
    const principal = identified instanceof Promise ? await identified : identified
    recorder.identified(principal)
    // Beside whatever headers the answer gets, a problem's too.
    const { clearCookies = [] } = principal
    if (clearCookies.length > 0) call.response.setHeader('set-cookie', clearCookies)
    const { callers, isWriteAllowed } = destination
    decide({ arrival, principal, callers, isWriteAllowed, origins: storefront.origins })
    countCall(call, principal, destination)
    const { request, response, headers } = call
    if (destination.kind === 'own') {
      return answerOwn(destination.endpoint, { request, response, arrival, principal, cors: headers })
    }
    return proxy({ request, response, arrival, storefront, principal, headers, recorder }, destination)
  }

  async function proxy(call: Call, destination: UpstreamDestination): Promise<void> {
    const { arrival, principal, request, storefront } = call
    const { upstream, route, params, path } = destination
    const query = storefront.withoutProof(arrival.query)
    const owned = checkOwnership({ route, params, path, query }, principal, upstream)
    const customer = subjectOf(principal)
    const headers = readCallerHeaders(arrival, upstream)
    const credential = upstream.authorize({ route, channel: principal.channel, customer, headers })
    const body =
      arrival.body === 'none'
        ? null
        : await readBodyFor(request, arrival, capped(route.body, options.limits))
    const ownedBody = checkBody(route, body, principal, upstream)
    const isWhole = body === null || Buffer.isBuffer(body)
    const isReplayable = isWhole && (route.method === 'GET' || route.replayable === true)

    const allowed = { call, destination, owned, ownedBody, customer, credential, isReplayable }

    const reading = readingOf(
      { storefront: storefront.id, upstream, route, credential, customer, arrival, query, headers },
      storefront.reading,
    )
    if (reading === null) await carry(allowed, null, false)
    else {
      const context = contextOf(call, upstream)
      await options.reads.serve(
        reading,
        { response: call.response, context },
        (flight, withholds) => carry(allowed, flight, withholds),
      )
    }
    if (route.method !== 'GET' && customer !== null) options.reads.changed(storefront.id, customer)
  }

  async function carry(
    { call, destination, owned, ownedBody, customer, credential, isReplayable }: Allowed,
    flight: Flight | null,
    withholdsFaults: boolean,
  ): Promise<Delivered> {
    const { arrival, principal, response, storefront, recorder, headers: cors } = call
    const { upstream, route } = destination
    const demand = { storefront: storefront.id, upstream, credential, customer, isReplayable }
    const authorized = tokens.authorize(demand) // 4 tokens
    const authorization = authorized instanceof Promise ? await authorized : authorized
    const delivery = {
      arrival,
      response,
      upstream,
      route,
      caller: sharerOf(storefront.id, customer, principal, arrival),
      flight,
      withholdsFaults,
      target: owned.target,
      body: ownedBody(authorization.account),
      cors,
      isPrivate: principal.kind !== 'anonymous',
      isReplayable,
      deadline: recorder.startedAt + (route.timeouts?.whole ?? CALL_DEADLINE),
      recorder,
    }
    return options.deliver(delivery, authorization) // 5 upstream
  }
}

/** A call that may be made. */
interface Allowed {
  readonly call: Call
  readonly destination: UpstreamDestination
  readonly owned: Owned
  readonly ownedBody: (account: string | null) => Body
  readonly customer: string | null
  readonly credential: Credential
  readonly isReplayable: boolean
}

/** Throws `policy/rate-limited`. The shop's own servers make sessions as often as shoppers log in. */
function countCall(
  call: Omit<Call, 'principal'>,
  principal: Principal,
  destination: Destination,
): void {
  const isOwn = destination.kind === 'own'
  if (isOwn && principal.kind === 'service') return
  const { limits } = call.storefront
  const family = isOwn ? 'own' : destination.route.family
  const { headers, problem } = limits.take(callerOf(principal, call.arrival.address), family)
  if (headers.length > 0) call.headers = [...call.headers, ...headers]
  if (problem !== null) throw problem
}

function contextOf({ arrival, headers, principal }: Call, upstream: Upstream): AnswerContext {
  const isPrivate = principal.kind !== 'anonymous'
  return { upstream, requestId: arrival.id, cors: headers, via: VIA, isPrivate }
}

/** Who shares the upstream's quota with others: a server that acts for shoppers is each of them. */
function sharerOf(
  storefront: string,
  customer: string | null,
  principal: Principal,
  { address }: Arrival,
): string {
  if (customer !== null) return `${storefront} customer ${customer}`
  return `${storefront} ${callerOf(principal, address)}`
}

/** A page of the storefront may read why its request was refused, also where we read no further. */
function corsOfUnread({ headers }: IncomingMessage, storefronts: Storefronts): Headers {
  try {
    const { cors } = storefronts.find(hostOf(headers.host ?? ''))
    return cors.headers({ headers: headers.origin === undefined ? {} : { origin: headers.origin } })
  } catch {
    return []
  }
}

/** HEAD is GET without a body, also for whoever may. */
function routeMethod({ method }: Arrival): Method {
  return (method === 'HEAD' ? 'GET' : method) as Method
}
