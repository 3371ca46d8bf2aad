/**
 * An emulator of Neuroon: both APIs, with every check of the real one in its order, over shops whose
 * products really are found. It decides by itself what a good key or token is and shares no code
 * with the gateway. Tests and `npm run sandbox` start it; nothing in it is for production.
 */
import type { Answer, Call } from './call.ts'
import { holds, placesIn, unescaped } from './call.ts'
import { createEmulator } from './emulator.ts'
import type { Emulator } from './emulator.ts'
import { createFaults } from './faults.ts'
import { isOriginAllowed } from './neuroon/origin.ts'
import { pluginRoutes } from './neuroon/plugin-api.ts'
import { OverLimit, Refusal, answerToRefusal } from './neuroon/refusal.ts'
import { createShopBook } from './neuroon/shop.ts'
import type { Shop, ShopSeed } from './neuroon/shop.ts'
import { languageOf, widgetRoutes } from './neuroon/widget-api.ts'
import { isSignedBy, outOfTime, readWidgetToken } from './neuroon/widget-token.ts'
import { createQuota } from './quota.ts'
import type { Limit } from './quota.ts'
import { findRoute } from './route.ts'
import type { Found, Route } from './route.ts'

export interface NeuroonOptions {
  readonly shops: readonly ShopSeed[]
  /** Which environment this host is; shops of another one are unknown here. Default `production`. */
  readonly environment?: string
  /** Epoch milliseconds. */
  readonly now?: () => number
  /** Whether the published limits are enforced; they are reported either way. Default false. */
  readonly quotas?: boolean
  /** Whether content comes with cookies, too, and so may never be kept; default true. */
  readonly contentCookies?: boolean
}

export interface NeuroonEmulator extends Emulator {
  /** One more live key, as during a rotation. */
  addKey(shopId: string, apiKey: string): void
  /** The key and every token signed with it are refused from now on. */
  removeKey(apiKey: string): void
}

export function createNeuroonEmulator(options: NeuroonOptions): NeuroonEmulator {
  const now = options.now ?? Date.now
  const desk = createFaults(now)
  const quota = createQuota(now, options.quotas ?? false)
  const shops = createShopBook(options.shops, options.environment ?? 'production')

  function answer(call: Call): Answer {
    try {
      if (call.path === '/actuator/health') return { status: 200, body: { status: 'UP' } }
      if (isPlugin(call)) return answerPlugin(call)
      if (call.path.startsWith('/api/widget/')) return answerWidget(call)
      throw new Refusal(404, 'Not found')
    } catch (error) {
      const refusal = answerToRefusal(error, call, now())
      if (refusal === null) throw error
      return refusal
    }
  }

  function answerPlugin(call: Call): Answer {
    const { apiKey, owner } = identifyKey(call)
    const found = findRoute(pluginRoutes, call.method, call.path)
    if (found.kind === 'route') checkShop(found, owner)
    checkOrigin(call, owner)
    const { route, params } = existing(found)

    const limited = route.limit === undefined ? {} : spend(`${apiKey} ${route.bucket}`, route.limit)
    return withHeaders(route.answer({ call, apiKey, shop: owner, params, now: now() }), limited)
  }

  function identifyKey(call: Call): { apiKey: string; owner: Shop } {
    if (call.headers['x-widget-token'] !== undefined) {
      throw new Refusal(401, 'A widget token is no credential for the plugin API')
    }
    const apiKey = call.headers['x-shop-api-key']
    if (apiKey === undefined || apiKey === '') throw new Refusal(401, 'Missing X-Shop-API-Key')
    const owner = shops.ownerOf(apiKey)
    if (owner === null || desk.isRevoked(apiKey)) throw new Refusal(401, 'Invalid API key')
    return { apiKey, owner }
  }

  function answerWidget(call: Call): Answer {
    const { token, shop } = identifyToken(call)
    checkOrigin(call, shop)
    const { route } = existing(findRoute(widgetRoutes, call.method, call.path))

    const limit = { calls: route.callsPerMinute, seconds: 60 }
    const limited = spend(`${token} ${route.bucket}`, limit)
    return withHeaders(route.answer({ call, shop }), limited)
  }

  function identifyToken(call: Call): { token: string; shop: Shop } {
    if (call.headers['x-shop-api-key'] !== undefined) {
      throw new Refusal(401, 'A shop API key is no credential for the widget API')
    }
    const token = call.headers['x-widget-token']
    if (token === undefined || token === '') throw new Refusal(401, 'Missing X-Widget-Token')

    const reading = readWidgetToken(token)
    if (!reading.ok) throw invalidToken(reading.reason)
    const { claim } = reading
    const shop = shops.find(claim.shopId)
    if (shop === null) throw invalidToken('unknown shop')
    if (!shops.keysOf(shop).some((key) => isSignedBy(key, claim))) {
      throw invalidToken('wrong signature')
    }
    const reason = outOfTime(claim.seconds, Math.floor(now() / 1000))
    if (reason !== null) throw invalidToken(reason)
    if (desk.isRevoked(token, claim.seconds)) throw invalidToken('revoked')
    return { token, shop }
  }

  function spend(key: string, limit: Limit): Record<string, string> {
    const { remaining, isOver } = quota.spend(key, limit)
    if (isOver) throw new OverLimit(limit.calls, limit.seconds)
    return { 'x-ratelimit-limit': String(limit.calls), 'x-ratelimit-remaining': String(remaining) }
  }

  const emulator = createEmulator({
    now,
    desk,
    answer,
    headersFor: (call) => headersFor(call, options.contentCookies !== false || !isContent(call)),
    leaksIn: (call) => leaksIn(call, shops.keys()),
  })
  return Object.assign(emulator, {
    addKey: (shopId: string, apiKey: string) => shops.addKey(shopId, apiKey),
    removeKey: (apiKey: string) => shops.removeKey(apiKey),
  })
}

function isPlugin(call: Call): boolean {
  return call.path.startsWith('/api/plugin/') || call.path.startsWith('/api/shops/')
}

function checkShop(found: { params: Readonly<Record<string, string>> }, owner: Shop): void {
  const { shopId } = found.params
  if (shopId === undefined || shopId === owner.shopId) return
  throw new Refusal(403, 'The API key belongs to another shop')
}

function checkOrigin(call: Call, shop: Shop): void {
  if (isOriginAllowed(call, shop.url)) return
  throw new Refusal(403, 'Origin mismatch — API Key cannot be used from this domain')
}

function existing<R extends Route>(found: Found<R>): Extract<Found<R>, { kind: 'route' }> {
  if (found.kind === 'path-unknown') throw new Refusal(404, 'Not found')
  if (found.kind === 'method-unknown') throw new Refusal(405, 'Method not allowed')
  return found
}

/** Says why, which the real one hardly does: it is the difference between a test and a riddle. */
function invalidToken(reason: string): Refusal {
  return new Refusal(401, `Invalid widget token: ${reason}`)
}

function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  return { ...answer, headers: { ...headers, ...answer.headers } }
}

/** Among them several that a gateway has no business to pass on. */
function headersFor(call: Call, hasCookies: boolean): Record<string, string | string[]> {
  const common = {
    server: 'neuroon-edge',
    'content-language': languageOf(call),
    vary: 'Accept-Language',
  }
  if (isPlugin(call)) return common
  return {
    ...common,
    ...(hasCookies
      ? { 'set-cookie': ['neuroon_sid=demo; Path=/; HttpOnly', 'neuroon_ab=b; Path=/'] }
      : {}),
    'access-control-allow-origin': '*',
    'x-powered-by': 'Neuroon',
  }
}

/** The same for everybody who asks the same. */
function isContent({ method, path }: Call): boolean {
  return method === 'GET' && /^\/api\/widget\/(?:suggestions|suggest|trending|compare)$/.test(path)
}

/** On anything but the plugin API a shop key is a leak, and so is every text that looks like one. */
function leaksIn(call: Call, keys: readonly string[]): string[] {
  if (isPlugin(call)) return []
  const isUpload = (call.headers['content-type'] ?? '').startsWith('multipart/')
  return placesIn(call)
    .filter(({ place, text }) => {
      // Three given bytes turn up in any large picture by chance; a whole key does not.
      const isKeyLike = isUpload && place === 'body' ? /sk_[0-9a-f]{8}/ : /sk_/
      return isKeyLike.test(unescaped(text)) || keys.some((key) => holds(text, key))
    })
    .map(({ place }) => `${call.method} ${call.path}: a shop API key in ${place}`)
}
