/** A shopper searches: `/api/widget/*`, through the prefix and at the root, without any token. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { keys, ORIGIN, SHOP_KEY, startRig } from '../support/rig.ts'
import type { CallOptions, Rig } from '../support/rig.ts'
import { headerNames, lastSent, sentDuring } from '../support/sent.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterEach(() => rig.neuroon.faults.clear())
afterAll(() => rig.close())

const search = '/api/widget/search'

describe('200', () => {
  test.each([`/neuroon${search}?q=tent`, `${search}?q=tent`])('%s finds', async (path) => {
    const answer = await rig.call(path)
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ query: 'tent', total: 2 })
    expect(answer.text).toContain('Two-Season Tent')
  })

  test('goes upstream with our token and nothing of the page', async () => {
    await rig.call(`/neuroon${search}?q=tent&limit=3`, {
      headers: {
        origin: ORIGIN,
        referer: `${ORIGIN}/shop`,
        cookie: 'sid=1',
        'user-agent': 'Browser/1.0',
        'x-widget-token': 'placeholder',
        'x-shop-api-key': 'placeholder',
        'x-forwarded-for': '10.1.1.1',
      },
    })
    const sent = lastSent(rig.neuroon)
    expect(sent.path).toBe('/api/widget/search?q=tent&limit=3')
    expect(headerNames(sent)).toEqual(['via', 'x-widget-token'])
    expect(sent.headers['x-widget-token']).toMatch(/^[A-Za-z0-9_-]{100,}$/)
    expect(sent.headers['host']).toBe(new URL(rig.neuroon.url).host)
  })

  test('uses one token for everybody, and the same query bytes', async () => {
    const path = `${search}?q=caf%C3%A9+au%20lait&filters[price]=1;2&q=again`
    const [one, other] = await sentDuring(rig.neuroon, async () => {
      await rig.call(path)
      await rig.call(path, { as: await rig.session('1001') })
    })
    expect(one?.path).toBe(path)
    expect(other?.headers['x-widget-token']).toBe(one?.headers['x-widget-token'])
  })

  test('sends a body on as it came, byte for byte', async () => {
    const body = '{ "query":"tent",\n "limit": 3, "big": 12345678901234567890, "u": "\\u00e9é" }'
    const answer = await rig.call(search, post(body))
    expect(answer.status).toBe(200)
    const sent = lastSent(rig.neuroon)
    expect(sent.body).toBe(body)
    expect(headerNames(sent)).toEqual(['content-length', 'content-type', 'via', 'x-widget-token'])
  })

  test('takes a body in pieces', async () => {
    const body = JSON.stringify({ query: 'tent' })
    const answer = await fetch(rig.url + search, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([body]).stream(),
      duplex: 'half',
    })
    expect(answer.status).toBe(200)
    expect(lastSent(rig.neuroon).body).toBe(body)
  })

  test('answers in the caller’s language', async () => {
    const answer = await rig.call('/neuroon/api/widget/cart/cross-sell', {
      ...post(JSON.stringify({ productIds: ['fk-101'] })),
      headers: { 'content-type': 'application/json', 'accept-language': 'de-AT,de;q=0.9' },
    })
    expect(answer.json).toMatchObject({ message: 'Passt gut dazu' })
    expect(answer.headers['content-language']).toBe('de')
    expect(answer.headers['vary']).toBe('Origin, Accept-Language')
  })

  test.each([
    ['suggestions?q=te&limit=2', { suggestions: expect.any(Array) }],
    ['suggest?q=te', { suggestion: expect.any(String) }],
    ['trending?limit=2&lang=en', { queries: expect.any(Array) }],
    ['compare?productIds=fk-101,fk-103', { products: [{}, {}] }],
  ])('GET %s', async (path, body) => {
    const answer = await rig.call(`/neuroon/api/widget/${path}`)
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject(body)
    expect(lastSent(rig.neuroon).path).toBe(`/api/widget/${path}`)
  })

  test.each([
    ['track/click', { searchLogId: 'sl_1', productId: 'fk-101' }],
    ['analytics/event', { name: 'opened' }],
    ['analytics/events', { events: [{}, {}] }],
    ['track/conversion', conversion('order-1')],
  ])('POST %s', async (path, body) => {
    const answer = await rig.call(`/neuroon/api/widget/${path}`, post(JSON.stringify(body)))
    expect(answer.status).toBe(200)
    expect(lastSent(rig.neuroon).body).toBe(JSON.stringify(body))
  })

  test('a beacon arrives as text/plain and passes', async () => {
    const body = JSON.stringify({ searchLogId: 'sl_1', productId: 'fk-101' })
    const answer = await rig.call('/api/widget/track/click', {
      ...post(body),
      headers: { 'content-type': 'text/plain;charset=UTF-8', origin: ORIGIN },
    })
    expect(answer.status).toBe(200)
    expect(lastSent(rig.neuroon).headers['content-type']).toBe('text/plain;charset=UTF-8')
  })

  test.each(['visual', 'audio'])('an upload of %s passes as multipart', async (kind) => {
    const { body, type } = multipart(Buffer.alloc(700 * 1024, 7))
    const answer = await rig.call(`/api/widget/search/${kind}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
    expect(answer.status).toBe(200)
    const sent = lastSent(rig.neuroon)
    expect(sent.bytes.equals(body)).toBe(true)
    expect(sent.headers['content-type']).toBe(type)
  })

  test('HEAD goes up as HEAD and comes back with the headers alone', async () => {
    rig.neuroon.faults.respond({ method: 'HEAD' }, { status: 200, body: { total: 2 } })
    const answer = await rig.call(`${search}?q=tent`, { method: 'HEAD' })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-length']).toBe('11')
    expect(answer.text).toBe('')
    expect(lastSent(rig.neuroon).method).toBe('HEAD')
  })

  test('keeps the upstream’s cookies, CORS and server names to itself', async () => {
    const { headers } = await rig.call(`${search}?q=tent`, { headers: { origin: ORIGIN } })
    expect(headers['access-control-allow-origin']).toBe(ORIGIN)
    for (const name of ['set-cookie', 'server', 'x-powered-by', 'x-ratelimit-limit']) {
      expect(headers).not.toHaveProperty(name)
    }
  })

  test.each([
    ['a widget’s key placeholder', { 'x-apikey': 'your-key-here' }],
    ['another placeholder', { 'x-shop-api-key': 'sk_ffffffffffffffffffffffffffffffff' }],
  ])('%s proves nothing and does no harm', async (_what, headers) => {
    expect((await rig.call(`${search}?q=tent`, { headers })).status).toBe(200)
    expect(headerNames(lastSent(rig.neuroon))).toEqual(['via', 'x-widget-token'])
  })

  test('a service key and a shopper may search as well', async () => {
    expect((await rig.call(`${search}?q=tent`, { as: keys.powerless })).status).toBe(200)
    const shopper = await rig.call(`${search}?q=tent`, { as: await rig.session('1001') })
    expect(shopper.status).toBe(200)
    expect(shopper.headers['cache-control']).toBe('private, no-store')
  })
})

describe('204', () => {
  test('where there is nothing to sell across', async () => {
    const answer = await rig.call(
      '/neuroon/api/widget/cart/cross-sell',
      post(JSON.stringify({ productIds: [] })),
    )
    expect(answer.status).toBe(204)
    expect(answer.text).toBe('')
  })
})

describe('400', () => {
  test('the upstream’s own passes through', async () => {
    const answer = await rig.call(`${search}?q=`)
    expect(answer.status).toBe(400)
    expect(answer.json).toMatchObject({ code: 'VALIDATION_ERROR' })
  })

  test.each([
    ['a body on GET', { method: 'GET', body: '{}' }],
    ['a body on HEAD', { method: 'HEAD', body: '{}' }],
  ])('%s sends nothing', async (_what, how) => {
    const sent = await sentDuring(rig.neuroon, async () => {
      expect((await rig.call(`${search}?q=x`, how)).status).toBe(400)
    })
    expect(sent).toEqual([])
  })
})

describe('401', () => {
  test.each([
    ['an unknown bearer', 'nobody-knows-this'],
    ['the shop key itself', SHOP_KEY],
  ])('%s is refused, although the route needs none', async (_what, as) => {
    const sent = await sentDuring(rig.neuroon, async () => {
      const answer = await rig.call(`${search}?q=tent`, { as })
      expect(answer.status).toBe(401)
      expect(answer.json).toMatchObject({ code: 'identity/invalid' })
    })
    expect(sent).toEqual([])
  })
})

describe('403', () => {
  test.each([
    ['an unlisted page', { origin: 'https://evil.example' }],
    ['what Neuroon itself would trust', { origin: 'http://localhost:3000' }],
    ['null', { origin: 'null' }],
    ['an unlisted page by its Referer', { referer: 'https://evil.example/' }],
  ])('%s', async (_what, headers) => {
    const sent = await sentDuring(rig.neuroon, async () => {
      const answer = await rig.call(`${search}?q=tent`, { headers })
      expect(answer.status).toBe(403)
      expect(answer.json).toMatchObject({ code: 'policy/origin-mismatch' })
    })
    expect(sent).toEqual([])
  })
})

describe('404', () => {
  test.each([
    '/neuroon/api/search/products',
    '/neuroon/api/tokens/1',
    '/neuroon/api/webhooks/orders',
    '/neuroon/api/shops/shop_abc/widget-token',
    '/neuroon/actuator/health',
    '/neuroon/api/widget',
    '/neuroon/api/widget/',
    '/neuroon/api/widget/search/',
    '/neuroon/api/widget/Search',
    '/neuroon',
    '/neuroon/',
    '/api/search/products',
    '/api/shops/shop_abc/widget-token',
    '/Neuroon/api/widget/search',
    '/nector/api/widget/search',
    '/',
  ])('%s is listed by nobody, and nothing is sent', async (path) => {
    const sent = await sentDuring(rig.neuroon, async () => {
      const answer = await rig.call(path)
      expect(answer.status).toBe(404)
      expect(answer.json).toMatchObject({ code: 'policy/route-unknown' })
    })
    expect(sent).toEqual([])
  })

  test('the upstream’s own passes through, and its credential is not blamed', async () => {
    const sent = await sentDuring(rig.neuroon, async () => {
      const answer = await rig.call('/neuroon/api/widget/compare?productIds=none')
      expect(answer.status).toBe(404)
      expect(answer.json).toMatchObject({ message: 'Product not found' })
    })
    expect(sent).toHaveLength(1)
  })
})

describe('405', () => {
  test.each([
    ['PUT', search],
    ['DELETE', search],
    ['GET', '/api/widget/track/click'],
    ['OPTIONS', search],
    ['PATCH', search],
    ['TRACE', search],
  ])('%s %s', async (method, path) => {
    const answer = await rig.call(path, { method })
    expect(answer.status).toBe(405)
    expect(answer.json).toMatchObject({ code: 'policy/method-not-allowed' })
  })
})

describe('413', () => {
  test('a picture over 6 MiB, announced', async () => {
    const sent = await sentDuring(rig.neuroon, async () => {
      const { body, type } = multipart(Buffer.alloc(6 * 1024 * 1024 + 1))
      const headers = { 'content-type': type }
      const answer = await rig.call('/api/widget/search/visual', { method: 'POST', headers, body })
      expect(answer.status).toBe(413)
      expect(answer.json).toMatchObject({ code: 'downstream/body-too-large' })
    })
    expect(sent).toEqual([])
  })

  test('a query over 1 MiB', async () => {
    const answer = await rig.call(search, post(JSON.stringify({ query: 'x'.repeat(1024 * 1024) })))
    expect(answer.status).toBe(413)
  })
})

describe('415', () => {
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])(
    'a search as %j',
    async (type) => {
      const sent = await sentDuring(rig.neuroon, async () => {
        const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
        const answer = await rig.call(search, { method: 'POST', headers, body: '{"query":"x"}' })
        expect(answer.status).toBe(415)
        expect(answer.json).toMatchObject({ code: 'downstream/unsupported-media-type' })
      })
      expect(sent).toEqual([])
    },
  )
})

describe('429', () => {
  test('the upstream’s own passes through with its Retry-After', async () => {
    const body = { error: 'rate_limit_exceeded', retryAfter: 60 }
    rig.neuroon.faults.respond(
      {},
      { status: 429, headers: { 'retry-after': '60' }, body, times: 1 },
    )
    const answer = await rig.call(`${search}?q=tent`, { headers: { origin: ORIGIN } })
    expect(answer.status).toBe(429)
    expect(answer.json).toEqual(body)
    expect(answer.headers['retry-after']).toBe('60')
    expect(answer.headers['access-control-expose-headers']).toContain('Retry-After')
  })
})

describe('a storefront with origin: shop-url', () => {
  test('sends its own first origin, whatever page called', async () => {
    const configure = (yaml: string) =>
      yaml.replace('shopId: shop_abc', 'shopId: shop_abc\n        origin: shop-url')
    const own = await startRig({ configure })
    try {
      for (const origin of [ORIGIN, 'capacitor://localhost']) {
        expect((await own.call(`${search}?q=tent`, { headers: { origin } })).status).toBe(200)
        expect(lastSent(own.neuroon).headers['origin']).toBe(ORIGIN)
        expect(headerNames(lastSent(own.neuroon))).toEqual(['origin', 'via', 'x-widget-token'])
      }
    } finally {
      await own.close()
    }
  })
})

function post(body: string): CallOptions {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body }
}

function conversion(orderId: string): object {
  const line = { productId: 'fk-101', searchLogId: 'sl_1', quantity: 1, lineTotal: 89 }
  return { orderId, orderValue: 89, currency: 'EUR', conversions: [line] }
}

function multipart(file: Buffer): { body: Buffer; type: string } {
  const head =
    '--b0undary\r\ncontent-disposition: form-data; name="image"; filename="x.png"\r\n\r\n'
  const body = Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--b0undary--\r\n')])
  return { body, type: 'multipart/form-data; boundary=b0undary' }
}
