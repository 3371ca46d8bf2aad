import { randomUUID } from 'node:crypto'
import type { Binding, BodyRule, Method, Route } from '../../src/provider.ts'
import type { NectorConfig } from './config.ts'

/**
 * Which of the storefront's keys a route takes. `customer`: STOREFRONT with a lead token for
 * shoppers, SERVER for service keys. `content`: whichever needs no lead. `write`: STOREFRONT with
 * a lead token for a shopper whose storefront allows it, WRITE for service keys.
 */
export type RouteCredential = 'customer' | 'content' | 'write'

export const READ_SCOPE = 'nector:read'
export const WRITE_SCOPE = 'nector:write'

/** Whatever carries one of these concerns a person (wire facts §2.6). */
export const personal = [
  'lead_id',
  'customer_id',
  'referred_by_lead_id',
  'referred_to_lead_id',
  'email',
  'mobile',
  'referral_code',
]

const BASE = '/api/v2/merchant'
const MINUTE = 60_000
const list = ['page', 'limit', 'sort', 'sort_op']
const json: BodyRule = { type: 'json', maxBytes: 1024 * 1024 }
const quota = { calls: 60, per: MINUTE }

const ownLead: readonly Binding[] = [
  { in: 'query', name: 'lead_id', to: 'account', fill: true },
  { in: 'query', name: 'customer_id', to: 'customer', fill: true },
]
/** Where no page documents an id parameter the token alone says whose call it is. */
const lead: readonly Binding[] = ownLead.map(({ in: place, name, to }) => ({
  in: place,
  name,
  to,
}))
const ownReferrals: readonly Binding[] = [
  { in: 'query', name: 'referred_by_lead_id', to: 'account', fill: true },
  { in: 'query', name: 'referred_to_lead_id', to: 'account' },
]
const writtenLead: readonly Binding[] = [
  { in: 'body', name: 'lead_id', to: 'account', fill: true },
  { in: 'body', name: 'customer_id', to: 'customer', fill: true },
]

/** A read of the shopper's own data; a service key with the scope reads anybody's. */
function customerRead(
  path: string,
  bind: readonly Binding[],
  names: readonly string[] = [],
): Route {
  return {
    method: 'GET',
    path: BASE + path,
    callers: { customer: 'read', service: READ_SCOPE },
    family: 'customer',
    credential: 'customer' satisfies RouteCredential,
    bind,
    query: [...bind.filter((at) => at.in === 'query').map((at) => at.name), ...names],
    quota,
  }
}

/** A read whose answer is the same for everybody. */
function contentRead(path: string): Route {
  return {
    method: 'GET',
    path: BASE + path,
    callers: { anonymous: true },
    family: 'content',
    credential: 'content' satisfies RouteCredential,
    bind: [],
    query: 'any',
    content: true,
    quota,
  }
}

/** A change with the WRITE key: service keys alone, whoever asks. */
function serverWrite(method: Method, path: string): Route {
  return {
    method,
    path: BASE + path,
    callers: { customer: 'never', service: WRITE_SCOPE },
    family: 'write',
    credential: 'write' satisfies RouteCredential,
    bind: [],
    query: 'any',
    body: json,
    quota,
  }
}

/** A change that a shopper may make where the storefront lists it in `allow`. */
function shopperWrite(method: Method, path: string, bind: readonly Binding[]): Route {
  return {
    ...serverWrite(method, path),
    callers: { customer: 'write', service: WRITE_SCOPE },
    bind,
  }
}

const documented: readonly Route[] = [
  customerRead('/leads/:id', [
    // The look-up prefers customer_id over the path (wire facts §2.6), so where the lead is not
    // known any UUID will do beside it.
    { in: 'path', name: 'id', to: 'account', self: 'me', unknown: randomUUID },
    { in: 'query', name: 'customer_id', to: 'customer', fill: true },
  ]),
  customerRead('/activities', ownLead, list),
  customerRead('/coupons', ownLead, list),
  customerRead('/coupons/:id', ownLead),
  customerRead('/wallettransactions', ownLead, list),
  customerRead('/wallettransactions/:id', ownLead),
  customerRead('/creditwallettransactions', ownLead, list),
  customerRead('/referrals', ownReferrals, list),
  customerRead('/referrals/:id', ownReferrals),
  customerRead('/orders', lead, list),
  customerRead('/orders/:id', lead),
  customerRead('/offers', lead, list),
  customerRead('/offers/:id', lead),

  contentRead('/triggers'),
  contentRead('/aggreegateddetails'),
  contentRead('/aggreegatedoffers'),
  contentRead('/reviews'),
  contentRead('/reviews/:id'),
  contentRead('/reviews-count'),
  contentRead('/qnas'),
  contentRead('/qnas/:id'),
  contentRead('/qnas-count'),
  contentRead('/entities/:id'),

  shopperWrite('POST', '/activities', writtenLead),
  shopperWrite('POST', '/offerredeems', writtenLead),
  shopperWrite('POST', '/publicofferredeems', writtenLead),
  shopperWrite('PUT', '/leads/:id', [
    { in: 'path', name: 'id', to: 'account', self: 'me', unknown: randomUUID },
  ]),
  shopperWrite('POST', '/reviews', []),
  shopperWrite('POST', '/qnas', []),
  shopperWrite('POST', '/uploads', []),

  serverWrite('POST', '/leads'),
  serverWrite('POST', '/offerrewards'),
  serverWrite('POST', '/publicofferrewards'),
  serverWrite('POST', '/wallettransactions'),
  serverWrite('POST', '/creditwallettransactions'),
]

/** The documented routes and the reads that the operator adds; an added one never replaces one. */
export function routes(further: NectorConfig['routes']): readonly Route[] {
  const added = further.map((route) =>
    route.for === 'customer' ? customerRead(route.get, lead, list) : contentRead(route.get),
  )
  const known = new Set(documented.map((route) => `${route.method} ${route.path}`))
  return [...documented, ...added.filter((route) => !known.has(`GET ${route.path}`))]
}
