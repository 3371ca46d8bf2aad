/** The shop's own server talks to Neuroon: `/api/plugin/shops/*` with a service key. */
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

const shop = '/api/plugin/shops/shop_abc'
const as = keys.plugin

const verify = { domain: ORIGIN }
const conversion = {
  orderId: 'order-1',
  orderValue: 89,
  currency: 'EUR',
  conversions: [{ productId: 'fk-101', searchLogId: 'sl_1', quantity: 1, lineTotal: 89 }],
}

/** Every route of wire facts §1.5. */
const routes: readonly [method: string, path: string, status: number, json?: object][] = [
  ['GET', '/api/plugin/shops/me', 200],
  ['POST', '/api/plugin/shops/verify', 200, verify],
  ['POST', `${shop}/verify`, 200, verify],
  ['GET', `${shop}/verification-data`, 200],
  ['POST', `${shop}/products/sync`, 200, products(1)],
  ['GET', `${shop}/products?page=0&size=5&sort=name,desc`, 200],
  ['GET', `${shop}/products/fk-101`, 200],
  ['DELETE', `${shop}/products/fk-112`, 204],
  ['POST', `${shop}/track/conversion`, 200, conversion],
  ['DELETE', `${shop}/verify`, 204],
]

describe('200 and 204', () => {
  test.each(routes)(
    '%s %s, through the prefix and at the root',
    async (method, path, status, json) => {
      for (const start of ['', '/neuroon']) {
        const answer = await rig.call(start + path, how(method, json))
        expect(answer.status).toBe(status)
        const sent = lastSent(rig.neuroon)
        expect(`${sent.method} ${sent.path}`).toBe(`${method} ${path}`)
        expect(sent.headers['x-shop-api-key']).toBe(SHOP_KEY)
        const body = json === undefined ? [] : ['content-length', 'content-type']
        expect(headerNames(sent)).toEqual([...body, 'via', 'x-shop-api-key'])
      }
    },
  )

  test('the key may stand in the header that existing plugins use', async () => {
    const headers = { 'x-shop-api-key': keys.plugin }
    const answer = await rig.call('/api/plugin/shops/me', { headers })
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ shopId: 'shop_abc' })
    expect(lastSent(rig.neuroon).headers['x-shop-api-key']).toBe(SHOP_KEY)
  })

  test('a server’s listed Origin is checked here and goes no further', async () => {
    const headers = { origin: ORIGIN, referer: `${ORIGIN}/admin` }
    expect((await rig.call('/api/plugin/shops/me', { as, headers })).status).toBe(200)
    expect(headerNames(lastSent(rig.neuroon))).toEqual(['via', 'x-shop-api-key'])
  })

  test('500 products are one call', async () => {
    const answer = await rig.call(`${shop}/products/sync`, how('POST', products(500)))
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ received: 500 })
  })

  test('a sync of several MiB passes byte for byte', async () => {
    const json = products(400, 'x'.repeat(10_000))
    const answer = await rig.call(`${shop}/products/sync`, how('POST', json))
    expect(answer.status).toBe(200)
    expect(lastSent(rig.neuroon).body).toBe(JSON.stringify(json))
  })

  test('the idempotency key is passed on: the second sending is the first', async () => {
    const headers = { 'x-idempotency-key': 'sync-2024-05-06' }
    const call = () => rig.call(`${shop}/products/sync`, { ...how('POST', products(2)), headers })
    const [first, second] = [await call(), await call()]
    expect(lastSent(rig.neuroon).headers['x-idempotency-key']).toBe('sync-2024-05-06')
    expect(second.json).toEqual(first.json)
    const other = await rig.call(`${shop}/products/sync`, {
      ...how('POST', products(3)),
      headers,
    })
    expect(other.status).toBe(409)
  })

  test('a server’s answer is nobody else’s to keep', async () => {
    const answer = await rig.call('/api/plugin/shops/me', { as })
    expect(answer.headers['cache-control']).toBe('private, no-store')
  })
})

describe('400', () => {
  test('501 products, and nothing is sent', async () => {
    const sent = await sentDuring(rig.neuroon, async () => {
      const answer = await rig.call(`${shop}/products/sync`, how('POST', products(501)))
      expect(answer.status).toBe(400)
      expect(answer.json).toMatchObject({ code: 'downstream/malformed' })
    })
    expect(sent).toEqual([])
  })

  test.each([
    ['cut off', '{"products": ['],
    ['a list', '[]'],
    ['a text', '"products"'],
    ['nothing but white space', '  '],
  ])('a sync whose body is %s', async (_what, body) => {
    const sent = await sentDuring(rig.neuroon, async () => {
      const headers = { 'content-type': 'application/json' }
      const answer = await rig.call(`${shop}/products/sync`, { method: 'POST', as, headers, body })
      expect(answer.status).toBe(400)
    })
    expect(sent).toEqual([])
  })

  test('a body where none is taken', async () => {
    const answer = await rig.call(`${shop}/verify`, { ...how('DELETE', verify) })
    expect(answer.status).toBe(400)
  })

  test('the upstream’s own passes through', async () => {
    const answer = await rig.call(`${shop}/products?size=1000`, { as })
    expect(answer.status).toBe(400)
    expect(answer.json).toMatchObject({ code: 'VALIDATION_ERROR' })
  })
})

describe('401', () => {
  test.each(routes)('%s %s without a key', async (method, path, _status, json) => {
    await refused(401, 'identity/missing', path, { ...how(method, json), as: undefined })
  })

  test.each([
    ['the shop key: it belongs to the gateway', { headers: { 'x-shop-api-key': SHOP_KEY } }],
    ['an unknown key', { headers: { 'x-shop-api-key': 'gh_unknown' } }],
  ])('%s proves nothing', async (_what, proof) => {
    await refused(401, 'identity/missing', '/api/plugin/shops/me', proof)
  })

  test.each([
    ['an unknown bearer', { as: 'gh_unknown' }],
    ['another scheme', { headers: { authorization: 'Basic Z2g6eA==' } }],
  ])('%s is refused', async (_what, proof) => {
    await refused(401, 'identity/invalid', '/api/plugin/shops/me', proof)
  })

  test('two different keys are two callers, and refused', async () => {
    const proofs = { as: keys.plugin, headers: { 'x-shop-api-key': keys.backend } }
    await refused(401, 'identity/invalid', '/api/plugin/shops/me', proofs)
  })

  test('the same key twice is one caller', async () => {
    const headers = { 'x-shop-api-key': keys.plugin }
    expect((await rig.call('/api/plugin/shops/me', { as, headers })).status).toBe(200)
  })
})

describe('403', () => {
  test.each(routes)('%s %s without the scope', async (method, path, _status, json) => {
    await refused(403, 'policy/scope-missing', path, { ...how(method, json), as: keys.backend })
  })

  test.each(routes)('%s %s as a shopper', async (method, path, _status, json) => {
    const session = await rig.session('1001')
    await refused(403, 'policy/channel-not-allowed', path, { ...how(method, json), as: session })
  })

  test('a key in a browser', async () => {
    const headers = { 'sec-fetch-site': 'same-origin' }
    await refused(403, 'policy/channel-not-allowed', '/api/plugin/shops/me', { as, headers })
  })

  test('a server’s unlisted Origin', async () => {
    const headers = { origin: 'https://shop.example' }
    await refused(403, 'policy/origin-mismatch', '/api/plugin/shops/me', { as, headers })
  })

  test.each(routes.filter(([, path]) => path.includes('shop_abc')))(
    '%s %s for another shop',
    async (method, path, _status, json) => {
      for (const other of ['shop_xyz', 'SHOP_ABC', 'shop_abc%20', '%73hop_abc']) {
        const code = other === '%73hop_abc' ? 'downstream/malformed' : 'policy/subject-mismatch'
        const status = other === '%73hop_abc' ? 400 : 403
        await refused(status, code, path.replace('shop_abc', other), how(method, json))
      }
    },
  )

  test('the upstream’s own passes through, and no credential is blamed', async () => {
    const sent = await sentDuring(rig.neuroon, async () => {
      const answer = await rig.call(
        `${shop}/verify`,
        how('POST', { domain: 'https://evil.example' }),
      )
      expect(answer.status).toBe(403)
      expect(answer.json).toMatchObject({ error: 'DOMAIN_MISMATCH' })
    })
    expect(sent).toHaveLength(1)
  })
})

describe('404', () => {
  test.each([
    '/api/plugin/shops',
    '/api/plugin/shops/shop_abc',
    '/api/plugin/webhooks',
    '/api/plugin/',
  ])('%s is listed by nobody', async (path) => {
    await refused(404, 'policy/route-unknown', path, { as })
  })
})

describe('405', () => {
  test.each([
    ['PUT', `${shop}/products/sync`],
    ['POST', `${shop}/products`],
    ['DELETE', '/api/plugin/shops/verify'],
  ])('%s %s', async (method, path) => {
    await refused(405, 'policy/method-not-allowed', path, { as, method })
  })

  test('names the methods that the path takes', async () => {
    const { headers } = await rig.call(`${shop}/products`, { as, method: 'POST' })
    expect(headers['allow']).toBe('OPTIONS, GET, HEAD')
  })
})

describe('413 and 415', () => {
  test('a sync over 8 MiB', async () => {
    const json = products(500, 'x'.repeat(17_000))
    await refused(413, 'downstream/body-too-large', `${shop}/products/sync`, how('POST', json))
  })

  test('a sync that is not JSON', async () => {
    const headers = { 'content-type': 'text/csv' }
    const path = `${shop}/products/sync`
    const call = { method: 'POST', as, headers, body: 'id,name' }
    await refused(415, 'downstream/unsupported-media-type', path, call)
  })
})

describe('422', () => {
  test('the upstream’s own passes through', async () => {
    const orphan = { ...products(1).products[0], parentExternalId: 'nobody' }
    const json = { syncType: 'INCREMENTAL', products: [orphan] }
    expect((await rig.call(`${shop}/products/sync`, how('POST', json))).status).toBe(422)
  })
})

interface How extends Omit<CallOptions, 'as'> {
  readonly as?: string | undefined
}

async function refused(status: number, code: string, path: string, { as, ...rest }: How) {
  const sent = await sentDuring(rig.neuroon, async () => {
    const answer = await rig.call(path, { ...rest, ...(as === undefined ? {} : { as }) })
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ status, code })
  })
  expect(sent).toEqual([])
}

function how(method: string, json?: object): CallOptions {
  return json === undefined ? { method, as } : { method, as, json }
}

function products(count: number, description = '') {
  const product = (n: number) => ({
    externalId: `new-${n}`,
    name: `Product ${n}`,
    price: 10 + n,
    url: `${ORIGIN}/p/${n}`,
    description,
  })
  return { syncType: 'INCREMENTAL', products: Array.from({ length: count }, (_, n) => product(n)) }
}
