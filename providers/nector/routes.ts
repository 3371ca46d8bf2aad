import { randomUUID } from 'node:crypto'
import type {
  Binding,
  BodyField,
  BodyRule,
  CacheRule,
  Method,
  Quota,
  Route,
} from '../../src/provider.ts'
import type { NectorConfig } from './config.ts'
import type { ShopperWrite } from './shopper-writes.ts'

/**
 * Which of the storefront's keys a route takes. `customer`: STOREFRONT with a lead token for
 * shoppers, SERVER for service keys. `content`: whichever needs no lead. `write`: STOREFRONT with
 * a lead token for a shopper whose storefront allows it, WRITE for service keys.
 */
export type RouteCredential = 'customer' | 'content' | 'write'

export const READ_SCOPE = 'nector:read'
export const WRITE_SCOPE = 'nector:write'
/** The choice of `Upstream.choices` that holds the triggers open to shoppers. */
export const TRIGGERS = 'triggers'

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
const KiB = 1024
const json: BodyRule = { type: 'json', maxBytes: 1024 * KiB }
/**
 * One for everything that is called with a key. 60 are documented, 40 is what an integrator found
 * (wire facts §2.7).
 */
export const quota: Quota = { calls: 40, per: MINUTE, bucket: 'key' }

/** How long an answer that is the same for everybody is kept; longer while Nector fails. */
const cache: CacheRule = { fresh: MINUTE, stale: 30 * MINUTE }

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
/** Where a write may say whose it is, and needs not. */
const mayWriteLead: readonly Binding[] = writtenLead.map(({ in: place, name, to }) => ({
  in: place,
  name,
  to,
}))
/** No page documents the fields of reviews and questions: these are assumed, and enough for both. */
const aboutProduct: readonly BodyField[] = [
  { name: 'name' },
  { name: 'description' },
  { name: 'reference_product_id' },
  { name: 'reference_product_source' },
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
    cache,
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
function shopperWrite(
  write: ShopperWrite,
  bind: readonly Binding[],
  fields: readonly BodyField[],
): Route {
  const { method, path } = routeOf(write)
  return {
    ...serverWrite(method, path),
    callers: { customer: 'write', service: WRITE_SCOPE },
    bind,
    query: [],
    // Small enough to be read whole, whoever sends it.
    body: { type: 'json', maxBytes: 64 * KiB, fields },
  }
}

/** `PUT /leads/me` is the route `/leads/:id`, where `me` is the shopper. */
function routeOf(write: ShopperWrite): { method: 'POST' | 'PUT'; path: string } {
  const [method, path = ''] = write.split(' ', 2)
  return { method: method === 'PUT' ? 'PUT' : 'POST', path: path.replace('/me', '/:id') }
}

/** A write as the storefront lists it → the route as the core knows it. */
export function writeRoute(write: ShopperWrite): string {
  const { method, path } = routeOf(write)
  return `${method} ${BASE}${path}`
}

function named(...names: readonly string[]): readonly BodyField[] {
  return names.map((name) => ({ name }))
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

  shopperWrite('POST /activities', writtenLead, [
    { name: 'trigger_id', choices: TRIGGERS },
    ...named('trace'),
  ]),
  shopperWrite('POST /offerredeems', writtenLead, named('offer_id', 'step')),
  shopperWrite('POST /publicofferredeems', writtenLead, named('offer_id', 'step')),
  // Nothing stands for a lead that is not known: a birthday is never written to anybody else's.
  shopperWrite(
    'PUT /leads/me',
    [{ in: 'path', name: 'id', to: 'account', self: 'me' }],
    named('metadetail.dob'),
  ),
  shopperWrite('POST /reviews', mayWriteLead, [...aboutProduct, ...named('title', 'rating')]),
  shopperWrite('POST /qnas', mayWriteLead, [...aboutProduct, ...named('question')]),

  // Files, whose content nobody here can hold against a shopper.
  { ...serverWrite('POST', '/uploads'), body: { type: 'any', maxBytes: 6 * KiB * KiB } },
  serverWrite('POST', '/leads'),
  serverWrite('POST', '/offerrewards'),
  serverWrite('POST', '/publicofferrewards'),
  serverWrite('POST', '/wallettransactions'),
  serverWrite('POST', '/creditwallettransactions'),
]

/** The documented routes and the reads that the operator adds; an added one never replaces one. */
export function routes(further: NectorConfig['routes']): readonly Route[] {
  // The same list for every storefront without further reads, so that they share one table.
  if (further.length === 0) return documented
  const added = further.map((route) =>
    route.for === 'customer' ? customerRead(route.get, lead, list) : contentRead(route.get),
  )
  const known = new Set(documented.map((route) => `${route.method} ${route.path}`))
  return [...documented, ...added.filter((route) => !known.has(`GET ${route.path}`))]
}
