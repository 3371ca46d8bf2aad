/**
 * The steps of the hot path, each as something that can be called again and again: for
 * `npm run bench:micro`, and for the guard in `test/bench/`.
 *
 * Made from a configuration, of what a running gateway is made of, and called through the functions
 * that the stages call: they stay the same when what is inside them changes. Measures nothing
 * itself (`measure.ts`).
 */
import { createHmac, hash } from 'node:crypto'
import { providers } from '../providers/index.ts'
import { makeLeadDigest } from '../providers/nector/lead-digest.ts'
import { mintLeadToken } from '../providers/nector/lead-token.ts'
import { systemClock } from '../src/clock.ts'
import type { Clock } from '../src/clock.ts'
import { parseConfig } from '../src/config/load.ts'
import type { Arrival } from '../src/downstream/accept.ts'
import { createIdentify } from '../src/identity/identify.ts'
import type { Identify } from '../src/identity/identify.ts'
import type { CustomerPrincipal } from '../src/identity/principal.ts'
import { createRevocations } from '../src/identity/revocations.ts'
import { createSources } from '../src/identity/sources.ts'
import type { Sources } from '../src/identity/sources.ts'
import { decide } from '../src/policy/decide.ts'
import { callerOf } from '../src/policy/limits.ts'
import { checkOwnership } from '../src/policy/ownership.ts'
import type { ExchangeRequest, Send, TokenKind } from '../src/provider.ts'
import { Secret } from '../src/secret.ts'
import { buildStorefronts, destinationOf, locate } from '../src/storefront.ts'
import type { Destination, Storefront, UpstreamDestination } from '../src/storefront.ts'
import { createTokens } from '../src/tokens/authorize.ts'
import type { Demand, Tokens } from '../src/tokens/authorize.ts'
import { createBudgets } from '../src/upstream/budget/budgets.ts'
import type { Budgets } from '../src/upstream/budget/budgets.ts'
import { priorityOf } from '../src/upstream/budget/priority.ts'
import { AUDIENCE, ISSUER, publicKey, shopperTokens } from './shopper-tokens.ts'

export interface Operation {
  readonly name: string
  /** What its time is held against. */
  readonly reference: Reference
  /** One call. Where it gives a promise, the next call begins when that has settled. */
  readonly run: () => unknown
}

/** `hmac`: one HMAC-SHA256 over 64 bytes, for what signs. `look-up`: one key found in a map. */
export type Reference = 'hmac' | 'look-up'

/** Shoppers who come again and again. */
const REGULARS = 100
/** Tokens that nobody has seen before; they are new again once all of them have come. */
const NEWCOMERS = 500

const HOST = 'shop.bench.example'
const ORIGIN = 'https://www.bench.example'
const SERVICE_KEY = 'gh_bench-not-a-real-key'
const SHARED_SECRET = 'bench_shared_secret_not-a-real-one_0123456789'
const SIGNING_SECRET = new Secret('bench_signing_secret_not-a-real-one')

const SEARCH = '/api/widget/search'
const COUPONS = '/api/v2/merchant/coupons'
const REVIEWS = '/api/v2/merchant/reviews'
const ONE_COUPON = `${COUPONS}/6d2f0c1e-58a4-4b7f-9f0e-3a51c6d7e801`

export async function createOperations(): Promise<readonly Operation[]> {
  const shop = createShop()
  return [
    ...(await mints(shop)),
    ...(await verifications(shop)),
    ...matches(shop),
    ...decisions(shop),
    ...(await hits(shop)),
    ...counts(shop),
  ]
}

export function createReferences(): Readonly<Record<Reference, () => unknown>> {
  const text = 'x'.repeat(64)
  const known = new Map(Array.from({ length: 1_000 }, (_, n) => [customer(n), n]))
  const key = inTurn([...known.keys()])
  return {
    hmac: () => createHmac('sha256', SHARED_SECRET).update(text).digest('hex'),
    'look-up': () => known.get(key()),
  }
}

/** Stages 4 and 2: what is signed, and what is checked. */
async function mints(shop: Shop): Promise<Operation[]> {
  const now = Date.now()
  const widget = kindOf(demandOf(shop, SEARCH, null))
  const lead = kindOf(demandOf(shop, COUPONS, customer(0)))
  const answer = await exchange({
    method: 'GET',
    path: `/?customer_id=shopify-${customer(0)}`,
    headers: [],
  })
  const send = async () => answer
  const asked = customer(0)
  const nobodys = { customer: null, account: null, now, send }
  const known = { customer: asked, account: account(0), now, send }
  const unknown = { ...known, account: null }
  return [
    signing('mint: widget token', () => widget.mint(nobodys)),
    signing('mint: lead token', () => lead.mint(known)),
    signing('exchange: lead token', () => lead.mint(unknown)),
    signing('digest: lead look-up', () => makeLeadDigest(asked, SIGNING_SECRET, now)),
  ]
}

async function verifications({ newSources, newSharedSources }: Shop): Promise<Operation[]> {
  const tokens = shopperTokens(0, NEWCOMERS)
  const shared = tokens.map(withSharedSecret)
  const sources = newSources()
  const sessions = await sessionTokens(sources)
  const identify = identifyBy(sources)
  const remembered = inTurn(await known(tokens, identify))
  const inSession = inTurn(await known(sessions, identify))
  const service = bearer(SERVICE_KEY)
  const nobody = arrivalOf({})
  return [
    signing('verify: JWT ES256, new', anew(tokens, newSources)),
    signing('verify: JWT HS256, new', anew(shared, newSharedSources)),
    signing('verify: session, new', anew(sessions, newSources)),
    lookUp('verify: JWT, remembered', () => identify(remembered())),
    lookUp('verify: session, remembered', () => identify(inSession())),
    lookUp('verify: service key', () => identify(service)),
    lookUp('verify: nobody', () => identify(nobody)),
  ]
}

/** Stage 3. */
function matches({ storefront }: Shop): Operation[] {
  return [
    lookUp('match: a plain path', () => find(storefront, COUPONS)),
    lookUp('match: a path with an id', () => find(storefront, ONE_COUPON)),
  ]
}

function decisions({ storefront }: Shop): Operation[] {
  const { origins } = storefront
  const arrival = arrivalOf({ origin: ORIGIN })
  const principal = shopper(0)
  const own = account(0)
  const decided = (path: string) => {
    const { callers, isWriteAllowed } = upstreamAt(storefront, path)
    const question = { arrival, principal, callers, isWriteAllowed, origins }
    return () => decide(question)
  }
  const owned = (wanted: string, query: string) => {
    const { upstream, route, params, path } = upstreamAt(storefront, wanted)
    const claimed = { route, params, path, query }
    return () => checkOwnership(claimed, principal, upstream).target(own)
  }
  return [
    lookUp('decide: a shopper’s read', decided(COUPONS)),
    lookUp('own: an id filled in', owned(COUPONS, 'page=1&limit=20')),
    lookUp('own: an id checked', owned(COUPONS, `lead_id=${own}&page=1&limit=20`)),
    lookUp('own: a query of content', owned(REVIEWS, 'product_id=1234567890&page=1&limit=20')),
  ]
}

/** Stage 4, out of memory. */
async function hits(shop: Shop): Promise<Operation[]> {
  const { tokens } = shop
  const search = demandOf(shop, SEARCH, null)
  const reads = Array.from({ length: REGULARS }, (_, n) => demandOf(shop, COUPONS, customer(n)))
  for (const demand of [search, ...reads]) await tokens.authorize(demand)
  const read = inTurn(reads)
  return [
    lookUp('cache hit: widget token', () => tokens.authorize(search)),
    lookUp('cache hit: lead token', () => tokens.authorize(read())),
  ]
}

/** Who has called how often, here and there. */
function counts({ storefront, budgets }: Shop): Operation[] {
  const { limits } = storefront
  const { upstream, route } = upstreamAt(storefront, COUPONS)
  const shoppers = inTurn(Array.from({ length: REGULARS }, (_, n) => shopper(n)))
  const addresses = inTurn(Array.from({ length: REGULARS }, (_, n) => `192.0.2.${n}`))
  const sharers = inTurn(Array.from({ length: REGULARS }, (_, n) => `shop customer ${n}`))
  const { credential } = demandOf({ storefront }, COUPONS, customer(0))
  const gate = budgets.forCall(upstream, route, credential)
  const priority = priorityOf(route)
  const head = { status: 200, headers: { 'content-type': 'application/json', date: 'x' } }
  return [
    lookUp('limits: a call counted', () => {
      const address = addresses()
      limits.checkAddress(address)
      return limits.take(callerOf(shoppers(), address), route.family)
    }),
    lookUp('budget: a call permitted and answered', () => {
      const lease = gate.enter(sharers(), priority)
      if ('lease' in lease) throw new Error('the budget of the bench is used up')
      lease.answered(head)
    }),
  ]
}

function signing(name: string, run: () => unknown): Operation {
  return { name, reference: 'hmac', run }
}

function lookUp(name: string, run: () => unknown): Operation {
  return { name, reference: 'look-up', run }
}

interface Shop {
  readonly storefront: Storefront
  readonly tokens: Tokens
  readonly budgets: Budgets
  /** The identity sources of the storefront, which have seen nobody yet. */
  readonly newSources: () => Sources
  /** The same for a log-in that shares a secret with its storefront. */
  readonly newSharedSources: () => Sources
}

function createShop(): Shop {
  const config = parseConfig(configuration(), { providers, env: {} })
  const tokens = createTokens({
    clock: systemClock,
    random: () => 0.5,
    capacity: 200_000,
    exchange: () => exchange,
    onEvent: () => undefined,
  })
  const budgets = createBudgets({
    clock: createPassingClock(),
    schedule: () => () => undefined,
    onOver: () => undefined,
  })
  const sourcesFor = (id: string) => () =>
    createSources(config.storefronts[id]?.identity ?? [], {
      storefront: id,
      environment: 'bench',
      canonicalCustomer: (spelled) => spelled,
      revocations: createRevocations(systemClock, 86_400_000),
      clock: systemClock,
    })
  const storefronts = buildStorefronts(config, providers, { clock: systemClock, tokens, budgets })
  return {
    storefront: storefronts.find(HOST),
    tokens,
    budgets,
    newSources: sourcesFor('shop'),
    newSharedSources: sourcesFor('shared'),
  }
}

/** Goes on by ten milliseconds whenever it is asked, so that what counts calls also forgets them. */
function createPassingClock(): Clock {
  let passed = 0
  return { now: () => Date.now(), monotonic: () => (passed += 10) }
}

// Everything counts, and nothing is ever used up: a bench of refusals would measure nothing.
function configuration(): string {
  const sha256 = hash('sha256', SERVICE_KEY, 'hex')
  const budget = '{ calls: 100000, per: 1m }'
  const upstream = 'http://127.0.0.1:9'
  return `
storefronts:
  shop:
    hosts: [${HOST}]
    origins: [${ORIGIN}]
    identity:
      - { type: service-key, keys: [{ id: bench, sha256: ${sha256}, scopes: [session] }] }
      - { type: jwt, issuer: ${ISSUER}, audience: ${AUDIENCE}, keys: [${JSON.stringify(publicKey)}] }
      - { type: session, secret: bench_session_secret_not-a-real-one_0123456789, ttl: 24h }
    providers:
      neuroon:
        environment: ${upstream}
        shopId: shop_bench
        apiKey: sk_bench_not-a-real-key
        budget: ${budget}
      nector:
        environment: ${upstream}
        customer: shopify
        keys:
          storefront:
            apiKey: ak_bench_not-a-real-key
            signingSecret: ${SIGNING_SECRET.reveal()}
        budget: ${budget}
    limits: { calls: 1000000000, per: 1m }
  shared:
    hosts: [shared.bench.example]
    identity:
      - { type: jwt, issuer: ${ISSUER}, audience: ${AUDIENCE}, secret: ${SHARED_SECRET} }
    providers:
      neuroon: { environment: ${upstream}, shopId: shop_shared, apiKey: sk_shared_not-a-real-key }
`
}

/** Answers a look-up as the loyalty programme does: whose token it is, and a token. */
const exchange: Send = async ({ path }: ExchangeRequest) => {
  const asked = new URLSearchParams(path.split('?')[1]).get('customer_id') ?? ''
  const leadId = account(Number(asked.replace('shopify-', '')) - FIRST_CUSTOMER)
  const token = await mintLeadToken(leadId, SIGNING_SECRET, Date.now())
  const item = { id: leadId, customer_id: asked, lead_token: token }
  return { status: 200, headers: {}, body: JSON.stringify({ data: { item } }) }
}

const FIRST_CUSTOMER = 7_412_000_000_000

function customer(n: number): string {
  return String(FIRST_CUSTOMER + n)
}

function account(n: number): string {
  return `${String(n).padStart(8, '0')}-7c1e-4a55-9d0b-2f4be6a3c901`
}

function shopper(n: number): CustomerPrincipal {
  return {
    kind: 'customer',
    channel: 'app',
    customer: customer(n),
    expiresAt: Infinity,
    session: null,
  }
}

function find(storefront: Storefront, path: string): Destination | null {
  const located = locate(storefront, path)
  return located === null ? null : destinationOf(located, 'GET')
}

function upstreamAt(storefront: Storefront, path: string): UpstreamDestination {
  const destination = find(storefront, path)
  if (destination?.kind === 'upstream') return destination
  throw new Error(`${path} leads to no upstream`)
}

function demandOf(
  { storefront }: Pick<Shop, 'storefront'>,
  path: string,
  customer: string | null,
): Demand {
  const { upstream, route } = upstreamAt(storefront, path)
  const headers = {}
  const credential = upstream.authorize({ route, channel: 'app', customer, headers })
  return { storefront: storefront.id, upstream, credential, customer, isReplayable: true }
}

function kindOf({ credential }: Demand): TokenKind {
  if (credential.token !== null) return credential.token
  throw new Error('the route takes no token')
}

/** What a browser or an app sends. */
function arrivalOf(headers: Readonly<Record<string, string>>): Arrival {
  return {
    id: '00000000-0000-4000-8000-000000000000',
    method: 'GET',
    path: COUPONS,
    query: 'page=1&limit=20',
    host: HOST,
    headers: {
      host: HOST,
      accept: 'application/json',
      'accept-encoding': 'gzip, br',
      'accept-language': 'en',
      'user-agent': 'bench/1.0',
      ...headers,
    },
    address: '192.0.2.1',
    body: 'none',
    contentLength: 0,
  }
}

function bearer(token: string): Arrival {
  return arrivalOf({ authorization: `Bearer ${token}` })
}

function identifyBy({ identifiers }: Sources): Identify {
  return createIdentify({ identifiers, canonicalCustomer: (id) => id })
}

/** Each token comes once to sources that have not seen it. */
function anew(tokens: readonly string[], newSources: () => Sources): () => unknown {
  const arrivals = tokens.map(bearer)
  let next = arrivals.length
  let identify: Identify = identifyBy(newSources())
  return () => {
    if (next >= arrivals.length) {
      identify = identifyBy(newSources())
      next = 0
    }
    return identify(arrivals[next++] ?? arrivalOf({}))
  }
}

/** Calls of the regulars, whose tokens have been seen. */
async function known(tokens: readonly string[], identify: Identify): Promise<readonly Arrival[]> {
  const arrivals = tokens.slice(0, REGULARS).map(bearer)
  for (const arrival of arrivals) await identify(arrival)
  return arrivals
}

async function sessionTokens({ sessions }: Sources): Promise<readonly string[]> {
  if (sessions === null) throw new Error('the shop has no sessions')
  const shoppers = Array.from({ length: NEWCOMERS }, (_, n) => sessions.create(customer(n)))
  return (await Promise.all(shoppers)).map(({ token }) => token)
}

/** The claims of a token, signed with a secret instead. */
function withSharedSecret(token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT' })).toString('base64url')
  const signed = `${header}.${token.split('.')[1] ?? ''}`
  return `${signed}.${createHmac('sha256', SHARED_SECRET).update(signed).digest('base64url')}`
}

function inTurn<Value>(values: readonly Value[]): () => Value {
  let next = 0
  return () => {
    const value = values[next % values.length]
    next = (next + 1) % values.length
    if (value === undefined) throw new Error('there is nothing to take in turn')
    return value
  }
}
