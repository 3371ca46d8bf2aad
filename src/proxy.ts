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
import { checkOwnership } from './policy/ownership.ts'
import type { Owned } from './policy/ownership.ts'
import type { Credential, Upstream } from './provider.ts'
import type { UpstreamDestination } from './storefront.ts'
import type { Tokens } from './tokens/authorize.ts'
import type { Flight } from './upstream/coalesce.ts'
import type { Deliver, Delivered } from './upstream/deliver.ts'
import { readingOf } from './upstream/reading.ts'
import type { Reads } from './upstream/reads.ts'
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
export type Proxy = (call: Call, destination: UpstreamDestination) => Promise<void>

/** Milliseconds from arrival to the end of the answer, exchanges and replays included. */
const CALL_DEADLINE = 10_000

export function createProxy({ tokens, deliver, reads, limits }: ProxyParts): Proxy {
  return async (call, destination) => {
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
        : await readBodyFor(request, arrival, capped(route.body, limits))
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
      await reads.serve(reading, { response: call.response, context }, (flight, withholds) =>
        carry(allowed, flight, withholds),
      )
    }
    if (route.method !== 'GET' && customer !== null) reads.changed(storefront.id, customer)
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
    return deliver(delivery, authorization) // 5 upstream
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
