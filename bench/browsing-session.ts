/**
 * How many calls reach the providers for each call of a browser: a storefront's visitors for ten
 * minutes, once through the gateway and once through a naive proxy that passes everything on and
 * looks each shopper up for each call, as the digest demands.
 *
 * `node bench/browsing-session.ts` prints the ratios. The clock is a virtual one; the calls are real.
 */
import { createHmac, hash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { Writable } from 'node:stream'
import { request } from 'undici'
import { providers } from '../providers/index.ts'
import { createNectorEmulator } from '../sandbox/emulators/nector.ts'
import { createNeuroonEmulator } from '../sandbox/emulators/neuroon.ts'
import { parseConfig } from '../src/config/load.ts'
import { startProcess } from '../src/process.ts'
import { createFakeClock } from '../test/support/fake-clock.ts'

const SHOP_KEY = 'sk_bench_000000000000000000000000000'
const API_KEY = 'ak_bench_not-a-real-key_000000001'
const SERVER_KEY = 'ak_bench_not-a-real-key_000000002'
const SIGNING_SECRET = 'bench_signing_secret_not-a-real-one'
const SERVICE_KEY = 'gh_bench-not-a-real-key'
const SESSION_SECRET = 'bench_session_secret_not-a-real-one_0123456789'

const MINUTES = 10
const VISITORS = 150
/** Every third visitor is logged in. */
const LOGGED_IN = 3
const PRODUCTS = 40
/** Milliseconds that a visitor looks at a page. */
const READING = 15_000

/** One call of a page. */
interface PageCall {
  readonly path: string
  readonly isOwn: boolean
  readonly body: string | null
}

/** What stands between pages and providers. */
interface Middle {
  readonly name: string
  call(call: PageCall, shopper: number | null): Promise<void>
  readonly upstreamCalls: () => number
  close(): Promise<void>
}

const MERCHANT = '/api/v2/merchant'
const content = (path: string): PageCall => ({ path, isOwn: false, body: null })
const own = (path: string): PageCall => ({ path: MERCHANT + path, isOwn: true, body: null })
const merchant = (path: string): PageCall => content(MERCHANT + path)

/** On every page: the badge in the header, and what the empty search box shows. */
function header(shopper: number | null): readonly PageCall[] {
  const badge = shopper === null ? merchant('/triggers') : own('/leads/me')
  return [badge, content('/api/widget/trending')]
}

const queries = ['tent', 'stove', 'boots', 'lamp', 'rope']

function searchPage(index: number): readonly PageCall[] {
  const query = queries[index % queries.length] ?? 'tent'
  const typed = [1, 2, 3].map((letters) =>
    content(`/api/widget/suggestions?q=${query.slice(0, letters)}`),
  )
  return [...typed, content(`/api/widget/search?q=${query}`)]
}

/** Most look at a few products, some at the others. */
function productPage(index: number): readonly PageCall[] {
  const product = `fk-${Math.floor(PRODUCTS * ((index * 0.618) % 1) ** 3)}`
  const about = `product_id=${product}`
  const similar = JSON.stringify({ productIds: [product] })
  return [
    merchant(`/reviews?${about}`),
    merchant(`/reviews-count?${about}`),
    merchant(`/qnas?${about}`),
    merchant(`/aggreegateddetails?${about}`),
    { path: '/api/widget/cart/cross-sell', isOwn: false, body: similar },
  ]
}

function rewardsPage(shopper: number | null): readonly PageCall[] {
  const shared = [merchant('/triggers'), merchant('/aggreegatedoffers')]
  if (shopper === null) return shared
  return [...shared, own('/activities'), own('/coupons'), own('/wallettransactions')]
}

/** Home, two searches, four products, the rewards page, and the home page again. */
function page(visit: number, step: number, shopper: number | null): readonly PageCall[] {
  if (step === 1 || step === 4) return searchPage(visit + step)
  if (step === 7) return rewardsPage(shopper)
  return step === 0 || step === 8 ? [] : productPage(visit * 7 + step)
}

const PAGES = 9

async function browse(middle: Middle, tick: (milliseconds: number) => void): Promise<number> {
  let calls = 0
  const visits = Array.from({ length: VISITORS }, (_, visit) => ({
    visit,
    shopper: visit % LOGGED_IN === 0 ? visit : null,
    startsAt: Math.floor(((MINUTES * 60_000 - PAGES * READING) * visit) / VISITORS),
  }))
  for (let now = 0; now <= MINUTES * 60_000; now += 1_000) {
    for (const { visit, shopper, startsAt } of visits) {
      const step = (now - startsAt) / READING
      const isOpened = Math.floor(step) !== Math.floor((now - 1_000 - startsAt) / READING)
      if (step < 0 || step >= PAGES || !isOpened) continue
      const opened = [...header(shopper), ...page(visit, Math.floor(step), shopper)]
      calls += opened.length
      await Promise.all(opened.map((call) => middle.call(call, shopper)))
    }
    tick(1_000)
  }
  return calls
}

const clock = createFakeClock()
const now = () => clock.now()
const neuroon = createNeuroonEmulator({
  shops: [{ shopId: 'shop_bench', apiKey: SHOP_KEY, url: 'https://www.bench.example' }],
  now,
})
const nector = createNectorEmulator({
  keys: [
    { apiKey: API_KEY, access: 'STOREFRONT', signingSecret: SIGNING_SECRET },
    { apiKey: SERVER_KEY, access: 'SERVER' },
  ],
  leads: Array.from({ length: VISITORS }, (_, index) => ({
    id: `aaaaaaaa-0000-4000-8000-${String(index).padStart(12, '0')}`,
    customerId: `shopify-${index + 1}`,
    name: `Shopper ${index}`,
    available: 1,
  })),
  now,
})

/**
 * In front of an emulator: without the cookies that it sends with everything to see whether they
 * are passed on, and with which nothing may be kept.
 */
async function withoutCookies(target: string): Promise<{ url: string; server: Server }> {
  const server = createServer((incoming, response) => {
    const pass = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
      const answer = await request(target + incoming.url, {
        method: (incoming.method ?? 'GET') as 'GET',
        headers: Object.fromEntries(
          Object.entries(incoming.headers).filter(([name]) => name !== 'host'),
        ),
        body: chunks.length === 0 ? null : Buffer.concat(chunks),
      })
      const { 'set-cookie': _, 'transfer-encoding': __, ...headers } = answer.headers
      response.writeHead(answer.statusCode, headers)
      response.end(Buffer.from(await answer.body.arrayBuffer()))
    }
    pass().catch(() => response.destroy())
  })
  return { url: await listen(server), server }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port was given')
  return `http://127.0.0.1:${address.port}`
}

const received = () => neuroon.received.length + nector.received.length

async function startGateway(name: string, cache: string): Promise<Middle> {
  const fronts = await Promise.all([withoutCookies(neuroon.url), withoutCookies(nector.url)])
  const [search, rewards] = fronts
  const gateway = await startProcess({
    config: parseConfig(configuration(search.url, rewards.url, cache), { providers }),
    providers,
    clock,
    logTo: new Writable({ write: (_chunk, _encoding, done) => done() }),
  })
  const sessions = new Map<number, string>()
  const before = received()
  return {
    name,
    async call({ path, body }, shopper) {
      const token = shopper === null ? null : await sessionOf(shopper)
      const proof = token === null ? {} : { authorization: `Bearer ${token}` }
      const answer = await send(gateway.url + path, body, proof)
      if (answer >= 400) throw new Error(`${name}: ${answer} for ${path}`)
    },
    upstreamCalls: () => received() - before,
    async close() {
      await gateway.stop()
      for (const { server } of fronts) server.closeAllConnections()
      for (const { server } of fronts) server.close()
    },
  }

  async function sessionOf(shopper: number): Promise<string> {
    const known = sessions.get(shopper)
    if (known !== undefined) return known
    const answer = await request(`${gateway.url}/session`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SERVICE_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ customerId: String(shopper + 1) }),
    })
    const { token } = (await answer.body.json()) as { token: string }
    sessions.set(shopper, token)
    return token
  }
}

/** Signs what has to be signed and passes the rest on: about what shops write themselves. */
function startNaive(): Middle {
  const before = received()
  const widgetToken = () => {
    const payload = `shop_bench:${Math.floor(now() / 1000)}`
    const signature = createHmac('sha256', SHOP_KEY).update(payload).digest('hex')
    return Buffer.from(`${payload}:${signature}`).toString('base64url')
  }
  const leadToken = async (shopper: number) => {
    const seconds = String(Math.floor(now() / 1000))
    const digest = createHmac('sha256', SIGNING_SECRET).update(`${shopper + 1}:${seconds}`)
    const path = `${MERCHANT}/leads/${randomUUID()}?customer_id=shopify-${shopper + 1}`
    const answer = await request(nector.url + path, {
      headers: {
        'x-apikey': API_KEY,
        'x-source': 'web',
        'x-timestamp': seconds,
        'x-leaddigest': digest.digest('hex'),
      },
    })
    const { data } = (await answer.body.json()) as {
      data: { lead_token: string; item: { _id: string } }
    }
    return { token: data.lead_token, id: data.item._id }
  }
  return {
    name: 'naive proxy',
    async call({ path, body, isOwn }, shopper) {
      if (!path.startsWith(MERCHANT)) {
        await send(neuroon.url + path, body, { 'x-widget-token': widgetToken() })
      } else if (!isOwn || shopper === null) {
        await send(nector.url + path, body, { 'x-apikey': SERVER_KEY, 'x-source': 'web' })
      } else {
        const { token, id } = await leadToken(shopper)
        const target = path.includes('/leads/me')
          ? path.replace('/me', `/${id}`)
          : `${path}?lead_id=${id}`
        const headers = { 'x-apikey': API_KEY, 'x-source': 'web', 'x-leadtoken': token }
        await send(nector.url + target, body, headers)
      }
    },
    upstreamCalls: () => received() - before,
    close: () => Promise.resolve(),
  }
}

async function send(
  url: string,
  body: string | null,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const type = body === null ? {} : { 'content-type': 'application/json' }
  const answer = await request(url, {
    method: body === null ? 'GET' : 'POST',
    headers: { ...headers, ...type },
    body,
  })
  await answer.body.dump()
  return answer.statusCode
}

function configuration(search: string, rewards: string, cache: string): string {
  return `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
shutdown: { wait: 0s, deadline: 1s }
storefronts:
  bench:
    hosts: ['*']
    limits: off
    cache: ${cache}
    identity:
      - type: service-key
        keys: [{ id: shop, sha256: ${hash('sha256', SERVICE_KEY, 'hex')}, scopes: [session] }]
      - { type: session, secret: ${SESSION_SECRET}, ttl: 1h }
    providers:
      neuroon: { environment: '${search}', shopId: shop_bench, apiKey: ${SHOP_KEY}, budget: off }
      nector:
        environment: ${rewards}
        customer: shopify
        budget: off
        keys:
          storefront: { apiKey: ${API_KEY}, signingSecret: ${SIGNING_SECRET} }
          server: { apiKey: ${SERVER_KEY} }
`
}

async function measure(middle: Middle): Promise<number> {
  const calls = await browse(middle, (milliseconds) => clock.advance(milliseconds))
  const ratio = middle.upstreamCalls() / calls
  await middle.close()
  const { name } = middle
  console.log(`${name.padEnd(34)} ${calls} calls, ${ratio.toFixed(3)} upstream calls for each`)
  return ratio
}

await Promise.all([neuroon.listen(), nector.listen()])
console.log(
  `${VISITORS} visitors in ${MINUTES} minutes, every third one logged in, ${PAGES} pages each`,
)
const naive = await measure(startNaive())
const usual = await measure(await startGateway('gateway', '{}'))
const keeping = await measure(await startGateway('gateway, cache: { own: 30s }', '{ own: 30s }'))
const nothing = await measure(await startGateway('gateway, cache: off', 'off'))
console.log(
  `\ngateway : naive = ${(usual / naive).toFixed(2)}, with own reads kept ${(keeping / naive).toFixed(2)}, nothing kept ${(nothing / naive).toFixed(2)}`,
)
await Promise.all([neuroon.close(), nector.close()])
// Undici's own pool would keep the process for a while.
process.exit(0)
