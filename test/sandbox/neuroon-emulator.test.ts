import { createHmac } from 'node:crypto'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createNeuroonEmulator } from '../../sandbox/emulators/neuroon.ts'
import type { NeuroonEmulator, NeuroonOptions } from '../../sandbox/emulators/neuroon.ts'
import { ask } from './ask.ts'
import type { Asked, Question } from './ask.ts'

// wire-facts §4, computed with three independent tools.
const shopId = 'shop_abc'
const apiKey = 'sk_0123456789abcdef0123456789abcdef'
const madeAt = 1_715_000_000
const token =
  'c2hvcF9hYmM6MTcxNTAwMDAwMDo4NTViMzYzZTFiNGQyNzdkNjE0Yjk3YWI3OTRmMGNiYTY0MDc4YTJkYjE0ZDg5ZTgwNzc2NmNlZDM3Nzg2MDg2'

const otherKey = `sk_${'1'.repeat(32)}`
const developmentKey = `sk_${'2'.repeat(32)}`

let now: number
let emulator: NeuroonEmulator

async function start(quotas = false, more: Partial<NeuroonOptions> = {}): Promise<void> {
  now = madeAt * 1000
  emulator = createNeuroonEmulator({
    shops: [
      { shopId, apiKey, url: 'https://www.shop.example/' },
      { shopId: 'shop:2', apiKey: otherKey, url: 'https://two.example' },
      {
        shopId,
        apiKey: developmentKey,
        url: 'https://www.shop.example',
        environment: 'development',
      },
    ],
    now: () => now,
    quotas,
    ...more,
  })
  await emulator.listen()
}

beforeEach(() => start())
afterEach(() => emulator.close())

const search = '/api/widget/search?q=coffee'

function widget(path: string, question: Question = {}, credential = token): Promise<Asked> {
  const headers = { 'x-widget-token': credential, ...question.headers }
  return ask(emulator, path, { ...question, headers })
}

function plugin(path: string, question: Question = {}, credential = apiKey): Promise<Asked> {
  const headers = { 'x-shop-api-key': credential, ...question.headers }
  return ask(emulator, path, { ...question, headers })
}

function mint(id: string, seconds: number | string, key: string): string {
  const payload = `${id}:${seconds}`
  const signature = createHmac('sha256', key).update(payload).digest('hex')
  return Buffer.from(`${payload}:${signature}`).toString('base64url')
}

test('200 GET /actuator/health needs nothing', async () => {
  expect((await ask(emulator, '/actuator/health')).status).toBe(200)
})

describe('widget token', () => {
  test('200 with the golden token, and with its padded and standard forms', async () => {
    const standard = Buffer.from(token, 'base64url').toString('base64')
    for (const form of [token, standard, standard.replace(/=+$/, '')]) {
      expect((await widget(search, {}, form)).status).toBe(200)
    }
  })

  test('200 with a padded token', async () => {
    const two = mint('shop:2', madeAt, otherKey)
    const padded = two.padEnd(Math.ceil(two.length / 4) * 4, '=')
    expect(padded).not.toBe(two)
    expect((await widget(search, {}, padded)).status).toBe(200)
  })

  test('200 for a shop id that holds a colon: the token is split from the right', async () => {
    expect((await widget(search, {}, mint('shop:2', madeAt, otherKey))).status).toBe(200)
  })

  test('401 without a token, in the uniform body', async () => {
    const answer = await ask(emulator, search)
    expect(answer.status).toBe(401)
    expect(answer.body).toEqual({
      timestamp: '2024-05-06T12:53:20.000',
      status: 401,
      error: 'Unauthorized',
      message: 'Missing X-Widget-Token',
      path: '/api/widget/search',
    })
  })

  test.each([
    ['not Base64', 'another alphabet', `${token.slice(0, -1)}!`],
    ['not Base64', 'both alphabets at once', `-/${token}`],
    ['not Base64', 'padding that is too short', `${mint('shop:2', madeAt, otherKey)}=`],
    ['not Base64', 'padding in the middle', `${token.slice(0, 8)}=${token.slice(8)}`],
    ['not Base64', 'stray bits at the end', mint('shop:2', madeAt, otherKey).replace(/.$/, '-')],
    ['too long', 'more than 1024 characters', 'A'.repeat(1028)],
    ['not shopId:seconds:signature', 'no colons', Buffer.from('shop_abc').toString('base64url')],
    ['not shopId:seconds:signature', 'no shop', mint('', madeAt, apiKey)],
    [
      'the time is not a number of seconds',
      'a time that is no number',
      mint(shopId, '17e8', apiKey),
    ],
    ['unknown shop', 'a shop that is unknown', mint('shop_zzz', madeAt, apiKey)],
    ['wrong signature', 'the key of another shop', mint(shopId, madeAt, otherKey)],
    ['wrong signature', 'the key of another environment', mint(shopId, madeAt, developmentKey)],
    ['wrong signature', 'an upper-case signature', upperCased(token)],
    ['wrong signature', 'a signature that is cut', recoded(token, (text) => text.slice(0, -1))],
    [
      'wrong signature',
      'another second under the same signature',
      recoded(token, (text) => text.replace('1715', '1716')),
    ],
    ['not Base64', 'a shop key in its place', apiKey],
  ])('401 “%s” for %s', async (reason, _, credential) => {
    const answer = await widget(search, {}, credential)
    expect(answer.status).toBe(401)
    expect(answer.body['message']).toBe(`Invalid widget token: ${reason}`)
  })

  test.each([
    [86_400, 200],
    [86_401, 401],
    [-60, 200],
    [-61, 401],
  ])('a token that is %i s old → %i', async (age, status) => {
    now = (madeAt + age) * 1000
    expect((await widget(search)).status).toBe(status)
  })

  test('401 with a shop key beside the token', async () => {
    expect((await widget(search, { headers: { 'x-shop-api-key': apiKey } })).status).toBe(401)
  })

  test('401 after revokeEverything, until one is made in a later second', async () => {
    emulator.faults.revokeEverything()
    expect((await widget(search)).status).toBe(401)
    now += 1000
    expect((await widget(search)).status).toBe(401)
    expect((await widget(search, {}, mint(shopId, madeAt + 1, apiKey))).status).toBe(200)
  })

  test('401 for exactly the token that was revoked', async () => {
    emulator.faults.revoke(token)
    expect((await widget(search)).status).toBe(401)
    expect((await widget(search, {}, mint(shopId, madeAt - 1, apiKey))).status).toBe(200)
  })

  test('during a rotation both keys sign; a removed key takes its tokens with it', async () => {
    const newKey = `sk_${'3'.repeat(32)}`
    emulator.addKey(shopId, newKey)
    expect((await widget(search)).status).toBe(200)
    expect((await widget(search, {}, mint(shopId, madeAt, newKey))).status).toBe(200)
    emulator.removeKey(apiKey)
    expect((await widget(search)).status).toBe(401)
    expect((await plugin('/api/plugin/shops/me')).status).toBe(401)
    expect((await widget(search, {}, mint(shopId, madeAt, newKey))).status).toBe(200)
  })
})

describe('shop key', () => {
  const products = `/api/plugin/shops/${shopId}/products`

  test.each([
    ['no key', {}],
    ['an unknown key', { 'x-shop-api-key': `sk_${'f'.repeat(32)}` }],
    ['a malformed key', { 'x-shop-api-key': 'hello' }],
    ['a key of another environment', { 'x-shop-api-key': developmentKey }],
    ['a widget token', { 'x-widget-token': token }],
    ['a widget token in its header', { 'x-shop-api-key': token }],
    ['a widget token beside it', { 'x-shop-api-key': apiKey, 'x-widget-token': token }],
  ])('401 for %s', async (_, headers) => {
    expect((await ask(emulator, products, { headers })).status).toBe(401)
  })

  test('401 for a key that was revoked', async () => {
    emulator.faults.revoke(apiKey)
    expect((await plugin(products)).status).toBe(401)
  })

  test('403 for the key of another shop, before the origin is looked at', async () => {
    const headers = { origin: 'https://evil.example' }
    const answer = await plugin(products, { headers }, otherKey)
    expect(answer.status).toBe(403)
    expect(answer.body['message']).toBe('The API key belongs to another shop')
  })

  test('404 for a path and 405 for a method that do not exist, and 401 before both', async () => {
    expect((await plugin('/api/plugin/nothing')).status).toBe(404)
    expect((await plugin(products, { method: 'PUT' })).status).toBe(405)
    expect((await ask(emulator, '/api/plugin/nothing')).status).toBe(401)
    expect((await plugin('/api/webhooks/x')).status).toBe(404)
  })
})

describe('origin', () => {
  const me = '/api/plugin/shops/me'

  test.each([
    'https://shop.example',
    'http://www.shop.example',
    'https://neuroon.ai',
    'https://app.neuroon.ai',
    'http://localhost:3000',
    'http://shop.localhost:8080',
    'http://127.0.0.1:5173',
  ])('200 from %s', async (origin) => {
    expect((await plugin(me, { headers: { origin } })).status).toBe(200)
    expect((await widget(search, { headers: { origin } })).status).toBe(200)
  })

  test.each([
    'https://shop.example.evil.example',
    'https://evilshop.example',
    'https://evilneuroon.ai',
    'https://neuroon.ai.evil.example',
    'https://shop.example:8443',
    'https://two.example',
    'null',
    '',
  ])('403 from %j', async (origin) => {
    const message = 'Origin mismatch — API Key cannot be used from this domain'
    for (const answer of [
      await plugin(me, { headers: { origin } }),
      await widget(search, { headers: { origin } }),
    ]) {
      expect(answer.status).toBe(403)
      expect(answer.body['message']).toBe(message)
    }
  })

  test('Referer counts where Origin is missing', async () => {
    const referer = 'https://evil.example/page'
    expect((await plugin(me, { headers: { referer } })).status).toBe(403)
    const both = { referer, origin: 'https://shop.example' }
    expect((await plugin(me, { headers: both })).status).toBe(200)
  })
})

describe('limits', () => {
  test('success tells what remains', async () => {
    const answer = await widget('/api/widget/compare?productIds=fk-101')
    expect(answer.headers.get('x-ratelimit-limit')).toBe('10')
    expect(answer.headers.get('x-ratelimit-remaining')).toBe('9')
    expect(answer.headers.get('retry-after')).toBeNull()
  })

  test('they are not enforced unless asked for', async () => {
    for (let i = 0; i < 12; i++) await widget('/api/widget/compare?productIds=fk-101')
    expect(emulator.received.at(-1)?.status).toBe(200)
  })

  test('429 has its own body and Retry-After, and ends with its window', async () => {
    await emulator.close()
    await start(true)
    const verify = `/api/plugin/shops/${shopId}/verification-data`
    for (let i = 0; i < 20; i++) expect((await plugin(verify)).status).toBe(200)

    const answer = await plugin(verify)
    expect(answer.status).toBe(429)
    expect(answer.headers.get('retry-after')).toBe('60')
    expect(answer.headers.get('x-ratelimit-remaining')).toBe('0')
    expect(answer.body).toMatchObject({
      error: 'rate_limit_exceeded',
      retryAfter: 60,
      limit: 20,
      remaining: 0,
    })
    expect(answer.body).not.toHaveProperty('status')
    expect((await plugin('/api/plugin/shops/me')).status).toBe(200)
    now += 60_000
    expect((await plugin(verify)).status).toBe(200)
  })

  test('429 for the widget counts per token', async () => {
    await emulator.close()
    await start(true)
    const compare = '/api/widget/compare?productIds=fk-101'
    for (let i = 0; i < 10; i++) expect((await widget(compare)).status).toBe(200)
    expect((await widget(compare)).status).toBe(429)
    expect((await widget(compare, {}, mint(shopId, madeAt - 1, apiKey))).status).toBe(200)
  })
})

describe('cookies', () => {
  const cookieOn = async (path: string) => (await widget(path)).headers.get('set-cookie')
  const trending = '/api/widget/trending'

  test('come with every answer of the widget API', async () => {
    expect([await cookieOn(search), await cookieOn(trending)]).toEqual([
      expect.any(String),
      expect.any(String),
    ])
  })

  test('and, where it is asked for, not with content, which may then be kept', async () => {
    await emulator.close()
    await start(false, { contentCookies: false })
    expect([await cookieOn(search), await cookieOn(trending)]).toEqual([expect.any(String), null])
  })
})

describe('leaks', () => {
  test('a shop key anywhere in a widget call is noted, without the key', async () => {
    await widget(search, { headers: { 'x-note': apiKey } })
    await widget(`/api/widget/search?q=${encodeURIComponent('sk_')}`)
    await widget('/api/widget/search?q=%73%6b%5f')
    await widget('/api/widget/search', { body: { query: 'coffee', key: apiKey } })
    await widget(search, { headers: { 'x-note': Buffer.from(apiKey).toString('base64') } })
    expect(emulator.leaks).toEqual([
      'GET /api/widget/search: a shop API key in header x-note',
      'GET /api/widget/search: a shop API key in target',
      'GET /api/widget/search: a shop API key in target',
      'POST /api/widget/search: a shop API key in body',
      'GET /api/widget/search: a shop API key in header x-note',
    ])
  })

  test('neither a token nor the key in its own header is one', async () => {
    await widget(search)
    await plugin('/api/plugin/shops/me')
    expect(emulator.leaks).toEqual([])
  })

  test('the key used for the widget is refused and noted', async () => {
    expect((await plugin(search)).status).toBe(401)
    expect(emulator.leaks).toHaveLength(1)
  })
})

describe('plugin API', () => {
  const shop = `/api/plugin/shops/${shopId}`
  const product = { externalId: 'p1', name: 'Rope', price: 9.5, url: 'https://shop.example/rope' }
  const sync = (syncType: string, products: unknown, headers = {}): Promise<Asked> =>
    plugin(`${shop}/products/sync`, { body: { syncType, products }, headers })

  test('issues the golden token, and nothing else', async () => {
    const path = `/api/shops/${shopId}/widget-token`
    expect((await plugin(path, { method: 'POST' })).body).toEqual({ token })
    expect((await plugin(path, { method: 'POST' }, otherKey)).status).toBe(403)
    expect((await ask(emulator, path, { method: 'POST' })).status).toBe(401)
  })

  test('verifies the registered domain only, with and without the shop in the path', async () => {
    for (const path of ['/api/plugin/shops/verify', `${shop}/verify`]) {
      const answer = await plugin(path, { body: { domain: 'http://shop.example/' } })
      expect(answer.status).toBe(200)
      expect(Object.keys(answer.body).sort()).toEqual([
        'domain',
        'name',
        'shopId',
        'verificationCode',
      ])
      const other = await plugin(path, { body: { domain: 'https://evil.example' } })
      expect(other.status).toBe(403)
      expect(other.body['error']).toBe('DOMAIN_MISMATCH')
      expect((await plugin(path, { body: {} })).status).toBe(400)
    }

    expect((await plugin(`${shop}/verification-data`)).body['verified']).toBe(true)
    expect((await plugin(`${shop}/verify`, { method: 'DELETE' })).status).toBe(204)
    expect((await plugin(`${shop}/verification-data`)).body['verified']).toBe(false)
  })

  test('INCREMENTAL adds, FULL removes what is not sent', async () => {
    expect((await sync('INCREMENTAL', [product])).body).toMatchObject({ created: 1, removed: 0 })
    expect((await plugin(`${shop}/products/p1`)).body['name']).toBe('Rope')
    expect((await plugin(`${shop}/products`)).body['totalElements']).toBe(25)
    expect((await sync('FULL', [product])).body).toMatchObject({ updated: 1, removed: 24 })
    expect((await plugin(`${shop}/products/fk-101`)).status).toBe(404)
    expect((await widget('/api/widget/search?q=rope')).body['total']).toBe(1)
    expect((await plugin(`${shop}/products/p1`, { method: 'DELETE' })).status).toBe(204)
    expect((await plugin(`${shop}/products/p1`)).status).toBe(404)
  })

  test('lists by pages', async () => {
    const { body } = await plugin(`${shop}/products?page=1&size=10&sort=price,desc`)
    expect(body).toMatchObject({ page: 1, size: 10, totalElements: 24, totalPages: 3 })
    expect(body['content']).toHaveLength(10)
    expect((await plugin(`${shop}/products?size=101`)).status).toBe(400)
  })

  test.each([
    [
      '501 products',
      'FULL',
      Array.from({ length: 501 }, (_, i) => ({ ...product, externalId: `${i}` })),
    ],
    ['another kind of sync', 'PARTIAL', [product]],
    ['no list', 'FULL', null],
    ['a product without a name', 'FULL', [{ ...product, name: ' ' }]],
    ['a price that is no number', 'FULL', [{ ...product, price: 'cheap' }]],
  ])('400 for %s', async (_, syncType, products) => {
    const answer = await sync(syncType, products)
    expect(answer.status).toBe(400)
    expect(answer.body['code']).toBe('VALIDATION_ERROR')
    expect(answer.body['details']).toHaveLength(1)
  })

  test('200 for 500 products', async () => {
    const products = Array.from({ length: 500 }, (_, i) => ({ ...product, externalId: `${i}` }))
    expect((await sync('FULL', products)).status).toBe(200)
  })

  test('422 for a parent that does not exist', async () => {
    expect((await sync('FULL', [{ ...product, parentExternalId: 'fk-101' }])).status).toBe(422)
    expect((await sync('INCREMENTAL', [{ ...product, parentExternalId: 'fk-101' }])).status).toBe(
      200,
    )
  })

  test('409 when an idempotency key comes back with something else', async () => {
    const headers = { 'x-idempotency-key': 'k1' }
    const first = await sync('INCREMENTAL', [product], headers)
    expect((await sync('INCREMENTAL', [product], headers)).body).toEqual(first.body)
    expect((await sync('FULL', [product], headers)).status).toBe(409)
  })

  test('a conversion counts once per order, and needs a searchLogId on every line', async () => {
    const line = { productId: 'fk-101', searchLogId: 'sl_1', quantity: 1, lineTotal: 89 }
    const order = { orderId: 'o1', orderValue: 89, currency: 'EUR', conversions: [line] }
    const path = `${shop}/track/conversion`
    expect((await plugin(path, { body: order })).body).toMatchObject({ duplicate: false })
    expect((await plugin(path, { body: order })).body).toMatchObject({ duplicate: true })
    const blank = { ...order, orderId: 'o2', conversions: [{ ...line, searchLogId: ' ' }] }
    expect((await plugin(path, { body: blank })).status).toBe(400)
  })
})

describe('widget API', () => {
  test('search finds by words and names every answer anew', async () => {
    const one = await widget('/api/widget/search?q=coffee%20beans&limit=2')
    const other = await widget('/api/widget/search?q=coffee%20beans&limit=2')
    expect(one.body['total']).toBe(3)
    expect(one.body['products']).toHaveLength(2)
    expect(one.body['searchLogId']).not.toEqual(other.body['searchLogId'])
    expect((await widget('/api/widget/search?q=submarine')).body['total']).toBe(0)
    expect((await widget('/api/widget/search?q=MUGS')).body['total']).toBeGreaterThan(0)
  })

  test('search by body takes filters', async () => {
    const body = { query: 'lamp', filters: { category: 'Home', maxPrice: 100 } }
    const answer = await widget('/api/widget/search', { body })
    expect(answer.body['total']).toBe(1)
    expect(answer.text).toContain('Reading Lamp')
  })

  test.each(['/search', '/search?q=%20', '/search?q=a&limit=51', '/trending?limit=11', '/compare'])(
    '400 for %s',
    async (path) => {
      expect((await widget(`/api/widget${path}`)).status).toBe(400)
    },
  )

  test('compare takes up to four', async () => {
    const ids = ['fk-101', 'fk-102', 'fk-103', 'fk-104', 'fk-105']
    const compare = (ids: string[]): Promise<Asked> =>
      widget(`/api/widget/compare?productIds=${ids.join(',')}`)
    expect((await compare(ids.slice(0, 4))).body['products']).toHaveLength(4)
    expect((await compare(ids)).status).toBe(400)
    expect((await compare(['fk-999'])).status).toBe(404)
  })

  test('suggestions, suggest, trending', async () => {
    expect((await widget('/api/widget/suggestions?q=ca&limit=3')).body['suggestions']).toHaveLength(
      3,
    )
    expect((await widget('/api/widget/suggest?q=goose')).body['suggestion']).toBe(
      'Gooseneck Kettle',
    )
    expect((await widget('/api/widget/trending?limit=4&lang=en')).body['queries']).toHaveLength(4)
  })

  test('cross-sell answers in the language asked for, or 204', async () => {
    const path = '/api/widget/cart/cross-sell'
    const headers = { 'accept-language': 'es-ES,es;q=0.9' }
    const answer = await widget(path, { headers, body: { productIds: ['fk-204'] } })
    expect(answer.body['message']).toBe('Combina bien con tu carrito')
    expect(answer.body['products']).toHaveLength(3)
    expect(answer.headers.get('content-language')).toBe('es')
    expect((await widget(path, { body: { productIds: [] } })).status).toBe(204)
  })

  test('uploads are multipart; pictures up to 5 MB', async () => {
    const upload = (type: string, size: number): Promise<Asked> =>
      widget('/api/widget/search/visual', {
        headers: { 'content-type': type },
        body: new Uint8Array(size),
      })
    const multipart = 'multipart/form-data; boundary=x'
    expect((await upload(multipart, 1000)).body['total']).toBeGreaterThan(0)
    expect((await upload('image/png', 1000)).status).toBe(415)
    expect((await upload(multipart, 5_300_000)).status).toBe(413)
  })

  test('tracking and analytics are taken', async () => {
    const click = { searchLogId: 'sl_1', productId: 'fk-101' }
    expect((await widget('/api/widget/track/click', { body: click })).status).toBe(200)
    expect((await widget('/api/widget/analytics/event', { body: { name: 'x' } })).status).toBe(200)
    const events = { events: [{}, {}] }
    expect((await widget('/api/widget/analytics/events', { body: events })).body['accepted']).toBe(
      2,
    )
  })

  test('answers carry headers that a gateway must not pass on', async () => {
    const { headers } = await widget(search)
    expect(headers.getSetCookie()).toHaveLength(2)
    expect(headers.get('server')).toBe('neuroon-edge')
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })
})

function recoded(token: string, change: (text: string) => string): string {
  return Buffer.from(change(Buffer.from(token, 'base64url').toString())).toString('base64url')
}

function upperCased(token: string): string {
  return recoded(token, (text) => text.replace(/[^:]+$/, (signature) => signature.toUpperCase()))
}
