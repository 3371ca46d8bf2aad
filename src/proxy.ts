import { VIA } from './downstream/accept.ts'
import type { Arrival } from './downstream/accept.ts'
import { capped, readBodyFor } from './downstream/body-rule.ts'
import type { Body } from './downstream/body.ts'
import type { Call } from './call.ts'
import type { ListenLimits } from './config/config.ts'
import { subjectOf } from './identity/principal.ts'
import type { Principal } from './identity/principal.ts'
import { callerOf } from './policy/limits.ts'
import { checkBody } from './policy/ownership-body.ts'
import type { OwnedBody } from './policy/ownership-body.ts'
import { checkOwnership } from './policy/ownership.ts'
import type { Owned } from './policy/ownership.ts'
import type { Credential, Upstream } from './provider.ts'
import type { UpstreamDestination } from './storefront.ts'
import type { Authorization, Tokens } from './tokens/authorize.ts'
import type { Flight } from './upstream/coalesce.ts'
import type { Deliver, Delivered, Delivery } from './upstream/deliver.ts'
import { readingOf } from './upstream/reading.ts'
import type { Carry, Reads } from './upstream/reads.ts'
import { readCallerHeaders } from './upstream/request-headers.ts'
import type { AnswerContext } from './upstream/response-headers.ts'

export interface ProxyParts {
  readonly tokens: Tokens
  readonly deliver: Deliver
  readonly reads: Reads
  readonly limits: ListenLimits
}

/**
 * What follows the decision for a call to an upstream: its ids are bound to the shopper, its body
 * is read, and it is answered from what is kept or authorized and delivered.
 */
export type Proxy = (call: Call, destination: UpstreamDestination) => Promise<unknown> | void

/** Milliseconds from arrival to the end of the answer, exchanges and replays included. */
const CALL_DEADLINE = 10_000

export function createProxy({ tokens, deliver, reads, limits }: ProxyParts): Proxy {
  return (call, destination) => {
    const { arrival, principal, request, storefront } = call
    const { upstream, route, params, path } = destination
    const query = storefront.withoutProof(arrival.query)
    const owned = checkOwnership({ route, params, path, query }, principal, upstream)
    const customer = subjectOf(principal)
    const headers = readCallerHeaders(arrival, upstream)
    const credential = upstream.authorize({ route, channel: principal.channel, customer, headers })
    const allowed = { call, destination, owned, query, customer, headers, credential }
    return arrival.body === 'none'
      ? answer(allowed, null)
      : answerLater(allowed, readBodyFor(request, arrival, capped(route.body, limits)))
  }

  // Functions of their own: a closure where it is seldom needed is made on every call.
  async function answerLater(allowed: Allowed, body: Promise<Body>): Promise<unknown> {
    return answer(allowed, await body)
  }

  function answer(allowed: Allowed, body: Body): Promise<unknown> | void {
    const { call, destination, customer, credential, query, headers } = allowed
    const { arrival, principal, response, storefront } = call
    const { upstream, route } = destination
    const ownedBody = checkBody(route, body, principal, upstream)
    const reading = readingOf(
      { storefront: storefront.id, upstream, route, credential, customer, arrival, query, headers },
      storefront.reading,
    )
    const context = contextOf(call, upstream)
    const isWhole = body === null || Buffer.isBuffer(body)
    const isReplayable = isWhole && (route.method === 'GET' || route.replayable === true)
    const sendable = { allowed, context, ownedBody, isReplayable }
    if (reading !== null) return reads.serve(reading, { response, context }, carrier(sendable))
    const delivered = carry(sendable, null, false)
    return route.method === 'GET' || customer === null
      ? delivered
      : tellReads(delivered, storefront.id, customer)
  }

  async function tellReads(
    delivered: Promise<Delivered>,
    storefront: string,
    customer: string,
  ): Promise<void> {
    await delivered
    reads.changed(storefront, customer)
  }

  function carrier(sendable: Sendable): Carry {
    return (flight, withholdsFaults) => carry(sendable, flight, withholdsFaults)
  }

  function carry(
    sendable: Sendable,
    flight: Flight | null,
    withholdsFaults: boolean,
  ): Promise<Delivered> {
    const { allowed, isReplayable } = sendable
    const { call, destination, customer, credential } = allowed
    const { upstream } = destination
    const storefront = call.storefront.id
    // 4 tokens
    const authorized = tokens.authorize({
      storefront,
      upstream,
      credential,
      customer,
      isReplayable,
    })
    return authorized instanceof Promise
      ? sendLater(sendable, flight, withholdsFaults, authorized)
      : send(sendable, flight, withholdsFaults, authorized)
  }

  async function sendLater(
    sendable: Sendable,
    flight: Flight | null,
    withholdsFaults: boolean,
    authorization: Promise<Authorization>,
  ): Promise<Delivered> {
    return send(sendable, flight, withholdsFaults, await authorization)
  }

  function send(
    { allowed, context, ownedBody, isReplayable }: Sendable,
    flight: Flight | null,
    withholdsFaults: boolean,
    authorization: Authorization,
  ): Promise<Delivered> {
    const { call, destination, owned, customer } = allowed
    const { arrival, principal, response, storefront, recorder } = call
    const { route } = destination
    const delivery: Delivery = {
      arrival,
      response,
      route,
      caller: sharerOf(storefront.id, customer, principal, arrival),
      flight,
      withholdsFaults,
      target: owned.target,
      body: ownedBody(authorization.account),
      context,
      isReplayable,
      deadline: recorder.startedAt + (route.timeouts?.whole ?? CALL_DEADLINE),
      recorder,
    }
    return deliver(delivery, authorization) // 5 upstream
  }
}

/** A call that may be made. */
interface Allowed {
  readonly call: Call
  readonly destination: UpstreamDestination
  readonly owned: Owned
  /** What of the query concerns the upstream. */
  readonly query: string
  readonly customer: string | null
  /** Checked values of the headers that the provider understands. */
  readonly headers: Readonly<Record<string, string>>
  readonly credential: Credential
}

/** One whose body is read. */
interface Sendable {
  readonly allowed: Allowed
  readonly context: AnswerContext
  readonly ownedBody: OwnedBody
  readonly isReplayable: boolean
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
