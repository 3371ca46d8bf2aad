import type { BodyRule, CacheRule, Method, Quota, Route, Timeouts } from '../../src/provider.ts'

/** What each route takes as proof: the shop's widget token, or the shop key itself. */
export type RouteCredential = 'widget-token' | 'shop-key'

export const PLUGIN_SCOPE = 'neuroon:plugin'

const MINUTE = 60_000
const MiB = 1024 * 1024
const json: BodyRule = { type: 'json', maxBytes: MiB }
// Beacons arrive as text/plain, uploads as multipart: both pass as they are.
const any: BodyRule = { type: 'any', maxBytes: MiB }
const upload: BodyRule = { type: 'any', maxBytes: 6 * MiB }
/** A recording or a picture takes a while to arrive and to be understood. */
const uploading: Timeouts = { headers: 15_000, whole: 30_000 }

// Pages disagree about what is counted together (wire facts §1.5): the strictest reading holds.
const searches: Quota = { calls: 200, per: MINUTE, bucket: 'search' }
const verifying: Quota = { calls: 5, per: 5 * MINUTE, bucket: 'verify' }
const products: Quota = { calls: 100, per: MINUTE, bucket: 'products' }

/** How long an answer is kept; while Neuroon fails, ten times as long. */
function minutes(count: number): CacheRule {
  return { fresh: count * MINUTE, stale: 10 * count * MINUTE }
}

/** `/api/widget/*`: anybody on a listed page, with the shop's token. Quotas: wire facts §1.6. */
function widget(method: Method, path: string, calls: number, rest: Partial<Route> = {}): Route {
  return {
    method,
    path: `/api/widget${path}`,
    callers: { anonymous: true },
    family: `widget${path.split('/', 2).join('/')}`.replace('/', ':'),
    credential: 'widget-token' satisfies RouteCredential,
    bind: [],
    query: 'any',
    quota: { calls, per: MINUTE },
    ...rest,
  }
}

/** `/api/plugin/*`: the shop's own servers, with the shop key. The shop is the configured one. */
function plugin(method: Method, path: string, calls: number, rest: Partial<Route> = {}): Route {
  return {
    method,
    path: `/api/plugin/shops${path}`,
    callers: { service: PLUGIN_SCOPE },
    family: 'plugin',
    credential: 'shop-key' satisfies RouteCredential,
    bind: path.includes(':shopId') ? [{ in: 'path', name: 'shopId', to: 'fixed' }] : [],
    query: 'any',
    quota: { calls, per: MINUTE },
    ...rest,
  }
}

export const routes: readonly Route[] = [
  // Each answer carries a searchLogId of its own, by which sales are credited: never shared.
  widget('GET', '/search', 200, { quota: searches, shared: false }),
  widget('POST', '/search', 200, { body: json, replayable: true, quota: searches }),
  widget('POST', '/search/audio', 200, { body: upload, timeouts: uploading }),
  widget('POST', '/search/visual', 200, { body: upload, timeouts: uploading }),
  widget('GET', '/suggestions', 300, { content: true, cache: minutes(1) }),
  widget('GET', '/suggest', 100, { content: true, cache: minutes(1) }),
  widget('GET', '/trending', 100, { content: true, cache: minutes(5) }),
  widget('GET', '/compare', 10, { content: true, cache: minutes(5) }),
  widget('POST', '/cart/cross-sell', 100, { body: json, replayable: true }),
  widget('POST', '/track/click', 100, { body: any }),
  widget('POST', '/track/conversion', 100, { body: any }),
  widget('POST', '/analytics/event', 500, { body: any }),
  widget('POST', '/analytics/events', 500, { body: any }),

  plugin('GET', '/me', 60),
  plugin('POST', '/verify', 5, { body: json, quota: verifying }),
  plugin('POST', '/:shopId/verify', 5, { body: json, quota: verifying }),
  plugin('DELETE', '/:shopId/verify', 5, { quota: verifying }),
  plugin('GET', '/:shopId/verification-data', 20),
  plugin('POST', '/:shopId/products/sync', 100, {
    // Neuroon takes at most 500 products in one call (wire facts §1.5).
    body: { type: 'json', maxBytes: 8 * MiB, maxItems: { field: 'products', count: 500 } },
    replayable: true,
    quota: products,
    timeouts: uploading,
  }),
  plugin('GET', '/:shopId/products', 100, { quota: products }),
  plugin('GET', '/:shopId/products/:externalId', 100, { quota: products }),
  plugin('DELETE', '/:shopId/products/:externalId', 100, { quota: products }),
  // Neuroon deduplicates by orderId, so a second sending is safe.
  plugin('POST', '/:shopId/track/conversion', 100, {
    body: json,
    replayable: true,
    quota: products,
  }),
]
