/**
 * Every route × identity source × channel × storefront, through a real socket. What is expected is
 * worked out below from `design.md` §3.3 and the issue alone: who a route is for is written down
 * here once more, by its path.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { providers } from '../../providers/index.ts'
import { routes as nectorRoutes } from '../../providers/nector/routes.ts'
import { routes as neuroonRoutes } from '../../providers/neuroon/routes.ts'
import {
  appProxyQuery,
  AUDIENCE,
  claimsFor,
  CLIENT_ID,
  createSigningKey,
  SHOP,
  SHOPIFY_SECRET,
  signAppProxy,
  signHs256,
  JWT_SECRET,
} from '../identity/log-in.ts'
import {
  ACME_HOST,
  beta,
  BETA_HOST,
  COOKIE_ISSUER,
  OPEN_TRIGGER,
  startShopServers,
  twoShops,
} from '../identity/shops.ts'
import type { ShopServers } from '../identity/shops.ts'
import { ALICE, keys, ORIGIN, startRig } from '../support/rig.ts'
import { textOf } from '../support/json.ts'
import type { Rig } from '../support/rig.ts'

const signing = createSigningKey('k1')
let rig: Rig
let servers: ShopServers
beforeAll(async () => {
  servers = await startShopServers(signing)
  rig = await startRig({ configure: twoShops(servers) })
})
afterAll(async () => {
  await rig.close()
  await servers.close()
})

interface Door {
  readonly method: string
  readonly path: string
}

/** Who a door is for, by the words of the design. */
type Kind =
  | 'open'
  | 'shopper reads'
  | 'shopper writes'
  | 'write key'
  | 'plugin'
  | 'widget token'
  | 'make session'
  | 'end session'
  | 'redeem'

const own: readonly Door[] = [
  { method: 'GET', path: '/session' },
  { method: 'POST', path: '/session' },
  { method: 'POST', path: '/session/redeem' },
  { method: 'GET', path: '/widget-token' },
  // Last: it ends what the others prove themselves with.
  { method: 'DELETE', path: '/session' },
]
const doors: readonly Door[] = [...neuroonRoutes, ...nectorRoutes([]), ...own]

function kindOf({ method, path }: Door): Kind {
  if (path === '/session/redeem') return 'redeem'
  if (path === '/widget-token') return 'widget token'
  if (path === '/session') {
    return method === 'GET' ? 'open' : method === 'POST' ? 'make session' : 'end session'
  }
  if (path.startsWith('/api/widget/')) return 'open'
  if (path.startsWith('/api/plugin/')) return 'plugin'
  const name = path.replace('/api/v2/merchant/', '')
  if (method !== 'GET') {
    return /^(activities|offerredeems|publicofferredeems|leads\/:id|reviews|qnas)$/.test(name)
      ? 'shopper writes'
      : 'write key'
  }
  return /^(triggers|aggreegateddetails|aggreegatedoffers|reviews|qnas|entities)/.test(name)
    ? 'open'
    : 'shopper reads'
}

const scopeOf: Partial<Record<Kind, string>> = {
  'shopper reads': 'nector:read',
  'shopper writes': 'nector:write',
  'write key': 'nector:write',
  plugin: 'neuroon:plugin',
  'widget token': 'widget-token',
  'make session': 'session',
  'end session': 'session',
}

interface Source {
  readonly name: string
  readonly who: 'nobody' | 'customer' | 'server' | 'acting'
  readonly isAmbient: boolean
  readonly scopes: readonly string[]
  /** Headers and query of the proof, made anew for each channel. */
  readonly proof: (host: string) => Promise<Proof>
}

interface Proof {
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: string
}

const bearer = (token: string): Proof => ({ headers: { authorization: `Bearer ${token}` } })
const isBeta = (host: string) => host === BETA_HOST
const backendOf = (host: string) => (isBeta(host) ? beta.key : keys.backend)
const backendScopes = ['session', 'widget-token', 'nector:read', 'nector:write']

const session = async (host: string): Promise<string> => {
  const answer = await rig.call('/session', {
    method: 'POST',
    as: backendOf(host),
    headers: { host },
    json: { customerId: ALICE.customer },
  })
  return textOf(answer.json['token'])
}
const shopifyToken = (host: string, sub?: string) =>
  signHs256(
    {
      ...claimsFor(sub, Date.now()),
      iss: undefined,
      aud: CLIENT_ID,
      dest: isBeta(host) ? beta.shop : SHOP,
    },
    isBeta(host) ? beta.shopifySecret : SHOPIFY_SECRET,
  )
const appProxy = (host: string, customer: string) =>
  isBeta(host)
    ? signAppProxy(
        [
          ['shop', beta.shop],
          ['path_prefix', '/apps/gw'],
          ['timestamp', String(Math.floor(Date.now() / 1000))],
          ['logged_in_customer_id', customer],
        ],
        beta.shopifySecret,
      )
    : appProxyQuery(customer, Date.now())

function source(
  name: string,
  who: Source['who'],
  proof: Source['proof'],
  more: Partial<Source> = {},
): Source {
  return { name, who, proof, isAmbient: false, scopes: [], ...more }
}
const ambient = { isAmbient: true }

const sources: readonly Source[] = [
  source('nobody', 'nobody', async () => ({})),
  source('a service key', 'server', async (host) => bearer(backendOf(host)), {
    scopes: backendScopes,
  }),
  source(
    'a service key in X-Shop-API-Key',
    'server',
    async (host) => ({ headers: { 'x-shop-api-key': backendOf(host) } }),
    { scopes: backendScopes },
  ),
  source('a plugin’s key', 'server', async () => bearer(keys.plugin), {
    scopes: ['neuroon:plugin'],
  }),
  source('a key without scopes', 'server', async () => bearer(keys.powerless)),
  source(
    'a service key acting for a customer',
    'acting',
    async (host) => ({
      headers: { ...bearer(backendOf(host)).headers, 'x-gatehouse-customer': '1999' },
    }),
    { scopes: backendScopes },
  ),
  source(
    'a plugin’s key acting for a customer',
    'acting',
    async () => ({ headers: { ...bearer(keys.plugin).headers, 'x-gatehouse-customer': '1999' } }),
    { scopes: ['neuroon:plugin'] },
  ),
  source('a session', 'customer', async (host) => bearer(await session(host))),
  source(
    'a session’s cookie',
    'customer',
    async (host) => ({ headers: { cookie: `__Host-gatehouse=${await session(host)}` } }),
    ambient,
  ),
  source('a JWT', 'customer', async (host) =>
    bearer(
      signHs256(claimsFor(ALICE.customer, Date.now()), isBeta(host) ? beta.jwtSecret : JWT_SECRET),
    ),
  ),
  source(
    'a JWT in a cookie',
    'customer',
    async () => ({
      headers: {
        cookie: `shop_token=${signing.sign({ ...claimsFor(ALICE.customer, Date.now()), iss: COOKIE_ISSUER, aud: AUDIENCE })}`,
      },
    }),
    ambient,
  ),
  source('Shopify’s session token', 'customer', async (host) =>
    bearer(shopifyToken(host, `gid://shopify/Customer/${ALICE.customer}`)),
  ),
  source('Shopify’s session token of a guest', 'nobody', async (host) =>
    bearer(shopifyToken(host)),
  ),
  source(
    'Shopify’s app proxy',
    'customer',
    async (host) => ({ query: appProxy(host, ALICE.customer) }),
    ambient,
  ),
  source(
    'Shopify’s app proxy for a guest',
    'nobody',
    async (host) => ({ query: appProxy(host, '') }),
    ambient,
  ),
  source(
    'forward-auth',
    'customer',
    async () => ({ headers: { cookie: 'sid=customer-1001' } }),
    ambient,
  ),
  source(
    'forward-auth for a guest',
    'nobody',
    async () => ({ headers: { cookie: 'sid=guest' } }),
    ambient,
  ),
]

/** Where a call comes from, by what a browser, an app or a server sends. */
const channels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a listed page': { origin: ORIGIN },
  'a page of the gateway’s own origin': { 'sec-fetch-site': 'same-origin' },
  'a foreign page': { origin: 'https://evil.example' },
  'a foreign page without Origin': { 'sec-fetch-site': 'cross-site' },
  'no page': {},
}

/** The decision, from the design: `ok`, or the code of the refusal. */
function expected(door: Door, source: Source, channel: string, host: string): string {
  const kind = kindOf(door)
  const isListed = channel === 'a listed page'
  if (channel === 'a foreign page') return 'policy/origin-mismatch'
  const isChange = door.method !== 'GET'
  const isSameOrigin = channel === 'a page of the gateway’s own origin'
  if (source.isAmbient && isChange && !isListed && !isSameOrigin) return 'policy/origin-mismatch'
  if (source.who === 'server' || source.who === 'acting') {
    const decision = forServer(kind, source, channel)
    // Only the triggers that the storefront lists pass, also for a server that acts for a shopper.
    const isReport = door.path.endsWith('/activities') && isChange && source.who === 'acting'
    return decision === 'ok' && isReport && isBeta(host) ? 'policy/write-not-allowed' : decision
  }
  if (kind === 'open' || (kind === 'redeem' && isListed)) return 'ok'
  const isShopper = source.who === 'customer'
  if (kind === 'shopper reads' || kind === 'end session') {
    return isShopper ? 'ok' : 'policy/subject-required'
  }
  if (kind === 'shopper writes') {
    if (!isShopper) return 'policy/subject-required'
    return isBeta(host) ? 'policy/write-not-allowed' : 'ok'
  }
  if (!isShopper) return 'identity/missing'
  return kind === 'write key' ? 'policy/write-not-allowed' : 'policy/channel-not-allowed'
}

function forServer(kind: Kind, { who, scopes }: Source, channel: string): string {
  if (channel.includes('own origin') || channel.includes('without Origin')) {
    return 'policy/channel-not-allowed'
  }
  if (who === 'acting' && !scopes.includes('session')) return 'policy/scope-missing'
  if (who === 'acting' && kind === 'write key') return 'policy/write-not-allowed'
  if (kind === 'open') return 'ok'
  if (kind === 'redeem') return 'policy/channel-not-allowed'
  return scopes.includes(scopeOf[kind] ?? '-') ? 'ok' : 'policy/scope-missing'
}

/** The decision that was made: what comes after it (404, 422 …) is no matter of this table. */
async function decided(door: Door, source: Source, proof: Proof, channel: string, host: string) {
  const hasSubject = source.who === 'customer' || source.who === 'acting'
  const path = fill(door.path, hasSubject) + (proof.query === undefined ? '' : `?${proof.query}`)
  const body = bodyFor(door)
  const answer = await rig.call(path, {
    method: door.method,
    headers: { host, ...proof.headers, ...channels[channel] },
    ...(body === null ? {} : { json: body }),
  })
  const type = String(answer.headers['content-type'])
  const code = type.startsWith('application/problem') ? textOf(answer.json['code']) : 'ok'
  return /^(policy|identity)\//.test(code) ? code : 'ok'
}

function fill(path: string, hasSubject: boolean): string {
  if (path.endsWith('/leads/:id')) return path.replace(':id', hasSubject ? 'me' : ALICE.id)
  return path
    .replace(':shopId', 'shop_abc')
    .replace(':externalId', 'fk-101')
    .replace(':id', '3f6c1c5e-8a57-4b0e-9a39-0d9c1d0b7a11')
}

function bodyFor({ method, path }: Door): object | null {
  if (method === 'GET' || method === 'DELETE') return null
  if (path.endsWith('/activities')) return { trigger_id: OPEN_TRIGGER }
  if (path.endsWith('/reviews')) return { rating: 5, title: 'Good' }
  if (path.endsWith('/qnas')) return { question: 'Why?' }
  if (path.endsWith('/leads/:id')) return { metadetail: { dob: '1990-01-01' } }
  return path.startsWith('/session') ? { nothing: 1 } : { offer_id: 'none' }
}

test('every door of every provider is in the table', () => {
  expect(providers.map(({ id }) => id).sort()).toEqual(['nector', 'neuroon'])
  expect(doors.length).toBeGreaterThan(55)
  expect(new Set(doors.map(kindOf)).size).toBe(9)
})

const betaHasNone = [
  'a plugin’s key',
  'a key without scopes',
  'a plugin’s key acting for a customer',
]

for (const host of [ACME_HOST, BETA_HOST]) {
  describe(host, () => {
    const known = sources.filter(({ name }) => host === ACME_HOST || !betaHasNone.includes(name))
    test.each(known.map((source) => ({ name: source.name, source })))(
      '$name: every door, from everywhere',
      { timeout: 60_000 },
      async ({ source }) => {
        const wrong: string[] = []
        for (const channel of Object.keys(channels)) {
          const proof = await source.proof(host)
          for (const door of doors) {
            const made = await decided(door, source, proof, channel, host)
            const due = expected(door, source, channel, host)
            if (made !== due)
              wrong.push(`${door.method} ${door.path} from ${channel}: ${made}, not ${due}`)
          }
        }
        expect(wrong).toEqual([])
      },
    )
  })
}
