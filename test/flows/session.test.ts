/** A shopper's session: made by the shop's server, asked about by the page, ended by either. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeClock } from '../support/fake-clock.ts'
import { textOf } from '../support/json.ts'
import { ALICE, BOB, keys, ORIGIN, SESSION_SECRET, startRig } from '../support/rig.ts'
import type { CallOptions, Rig } from '../support/rig.ts'

const HOUR = 3_600_000
const clock = createFakeClock()
let rig: Rig
beforeAll(async () => {
  rig = await startRig({ clock })
})
afterAll(() => rig.close())

const mine = '/nector/api/v2/merchant/leads/me'
const create = (json: unknown, how: CallOptions = {}) =>
  rig.call('/session', { method: 'POST', as: keys.backend, json, ...how })
const end = (how: CallOptions) => rig.call('/session', { method: 'DELETE', ...how })

describe('POST /session', () => {
  test('201: a token, and when it ends', async () => {
    const answer = await create({ customerId: '1001' })
    expect(answer.status).toBe(201)
    expect(Object.keys(answer.json).sort()).toEqual(['expiresAt', 'token'])
    expect(answer.json['expiresAt']).toBe(new Date(clock.now() + HOUR).toISOString())
    expect(answer.headers['cache-control']).toBe('no-store')
    const [header, payload] = textOf(answer.json['token']).split('.').slice(0, 2).map(decode)
    expect(header).toEqual({ alg: 'HS256', typ: 'gatehouse-session+jwt' })
    expect(payload).toMatchObject({ sub: '1001', aud: 'acme' })
  })

  test('201: two of one shopper are two', async () => {
    expect(await rig.session('1001')).not.toBe(await rig.session('1001'))
  })

  test.each(['1001', 'shopify-1001', 'gid://shopify/Customer/1001'])(
    '201: %s is the same shopper',
    async (customerId) => {
      const answer = await rig.call('/session', { as: await rig.session(customerId) })
      expect(answer.json).toMatchObject({ customer: { id: '1001' } })
    },
  )

  test.each([
    ['no customer', {}],
    ['an empty one', { customerId: '' }],
    ['a number', { customerId: 1001 }],
    ['null', { customerId: null }],
    ['a list', { customerId: ['1001'] }],
    ['a colon', { customerId: 'a:b' }],
    ['a slash', { customerId: 'a/b' }],
    ['white space', { customerId: '1001 ' }],
    ['a line break', { customerId: '1001\n' }],
    ['a NUL', { customerId: '1001\0' }],
    ['a letter beyond ASCII', { customerId: 'Zoë' }],
    ['too long a one', { customerId: 'x'.repeat(129) }],
    ['nothing behind the prefix', { customerId: 'shopify-' }],
    ['another’s gid', { customerId: 'gid://shopify/Order/1001' }],
    ['an unknown key beside it', { customerId: '1001', ttl: '24h' }],
    ['a hand-off that is neither wanted nor not', { customerId: '1001', handoff: 1 }],
    ['a list instead of an object', [{ customerId: '1001' }]],
  ])('400: %s', async (_what, json) => {
    const answer = await create(json)
    expect(answer.status).toBe(400)
    expect(answer.json).toMatchObject({ code: 'downstream/malformed' })
  })

  test('400: no JSON, and no body', async () => {
    const headers = { 'content-type': 'application/json' }
    const as = keys.backend
    const how = { method: 'POST', as, headers }
    expect((await rig.call('/session', { ...how, body: '{"customerId":' })).status).toBe(400)
    expect((await rig.call('/session', { method: 'POST', as })).status).toBe(400)
  })

  test('413: a document over 16 KiB', async () => {
    const answer = await create({ customerId: '1001', more: 'x'.repeat(16 * 1024) })
    expect(answer.status).toBe(413)
  })

  test('415: another media type', async () => {
    const headers = { 'content-type': 'text/plain' }
    const how = { method: 'POST', as: keys.backend, headers, body: '{"customerId":"1001"}' }
    expect((await rig.call('/session', how)).status).toBe(415)
  })

  test('401: without a key', async () => {
    const answer = await rig.call('/session', { method: 'POST', json: { customerId: '1001' } })
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({ code: 'identity/missing' })
  })

  test('403: without the scope, in a browser, and for a shopper', async () => {
    const json = { customerId: '1001' }
    expect((await create(json, { as: keys.plugin })).json).toMatchObject({
      code: 'policy/scope-missing',
    })
    const headers = { 'sec-fetch-site': 'same-origin' }
    expect((await create(json, { headers })).json).toMatchObject({
      code: 'policy/channel-not-allowed',
    })
    const shopper = await rig.session('1001')
    expect((await create(json, { as: shopper })).json).toMatchObject({
      code: 'policy/channel-not-allowed',
    })
  })
})

describe('GET /session', () => {
  test('200: nobody', async () => {
    const answer = await rig.call('/session')
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      storefront: 'acme',
      channel: 'app',
      customer: null,
      expiresAt: null,
    })
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test('200: the shopper, and until when', async () => {
    const answer = await rig.call('/session', {
      as: await rig.session('shopify-1001'),
      headers: { origin: ORIGIN },
    })
    expect(answer.json).toEqual({
      storefront: 'acme',
      channel: 'browser',
      customer: { id: '1001' },
      expiresAt: new Date(clock.now() + HOUR).toISOString(),
    })
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
  })

  test('200: a server', async () => {
    const answer = await rig.call('/session', { as: keys.powerless })
    expect(answer.json).toMatchObject({ channel: 'server', customer: null, expiresAt: null })
  })

  test('200: HEAD', async () => {
    const answer = await rig.call('/session', { method: 'HEAD' })
    expect(answer.status).toBe(200)
    expect(answer.text).toBe('')
  })

  test('403: an unlisted page', async () => {
    const answer = await rig.call('/session', { headers: { origin: 'https://evil.example' } })
    expect(answer.status).toBe(403)
  })
})

describe('a session', () => {
  test('ends by itself after its time, to the second', async () => {
    const as = await rig.session(ALICE.customer)
    clock.advance(HOUR - 1000)
    expect((await rig.call(mine, { as })).status).toBe(200)
    clock.advance(1000)
    const answer = await rig.call(mine, { as })
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({ code: 'identity/expired' })
    expect(answer.headers['www-authenticate']).toBeDefined()
  })

  test('that has ended is 401 also where nobody needs one: a bad bearer always is', async () => {
    const as = await rig.session(ALICE.customer)
    clock.advance(HOUR)
    for (const path of ['/session', '/api/widget/search?q=tent', '/api/v2/merchant/triggers']) {
      expect((await rig.call(path, { as })).status).toBe(401)
    }
  })

  test('is one shopper’s at one storefront', async () => {
    const token = await rig.session(ALICE.customer)
    const [header = '', payload = ''] = token.split('.')
    const claims = decode(payload)
    const again = sign(decode(header), claims)
    expect(again, 'signed here as the gateway does').toBe(token)
    expect((await rig.call(mine, { as: again })).status).toBe(200)

    const now = Math.floor(clock.now() / 1000)
    const forged: readonly [string, object, object][] = [
      ['another storefront', decode(header), { ...claims, aud: 'globex' }],
      ['another environment', decode(header), { ...claims, env: 'nector=production' }],
      ['no storefront', decode(header), { ...claims, aud: undefined }],
      ['no id', decode(header), { ...claims, jti: undefined }],
      ['no end', decode(header), { ...claims, exp: undefined }],
      ['a text for an end', decode(header), { ...claims, exp: String(now + 60) }],
      ['no beginning', decode(header), { ...claims, iat: undefined }],
      ['no shopper', decode(header), { ...claims, sub: undefined }],
      ['another type', { alg: 'HS256', typ: 'JWT' }, claims],
      ['no signature', { alg: 'none', typ: 'gatehouse-session+jwt' }, claims],
      ['another algorithm', { alg: 'HS512', typ: 'gatehouse-session+jwt' }, claims],
    ]
    for (const [what, head, body] of forged) {
      const answer = await rig.call(mine, { as: sign(head, body) })
      expect(answer.status, what).toBe(401)
      expect(answer.json, what).toMatchObject({ code: 'identity/invalid' })
    }
  })

  test('changed in its last letter is none', async () => {
    const token = await rig.session(ALICE.customer)
    for (const letter of 'ABCDabcd0189-_') {
      const changed = token.slice(0, -1) + letter
      if (changed === token) continue
      expect((await rig.call(mine, { as: changed })).status, letter).toBe(401)
    }
  })

  test('beside a service key is two callers: 401', async () => {
    const session = await rig.session(ALICE.customer)
    const headers = { 'x-apikey': keys.backend }
    const answer = await rig.call(mine, { as: session, headers })
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({ code: 'identity/invalid' })
  })

  test('beside a widget’s placeholder is one caller: 200', async () => {
    const headers = { 'x-apikey': 'your-nector-key', 'x-shop-api-key': 'sk_placeholder' }
    const answer = await rig.call(mine, { as: await rig.session(ALICE.customer), headers })
    expect(answer.status).toBe(200)
  })
})

describe('DELETE /session', () => {
  test('204: ends this one and no other', async () => {
    const [one, other] = [await rig.session(ALICE.customer), await rig.session(ALICE.customer)]
    const answer = await end({ as: one })
    expect(answer.status).toBe(204)
    expect(answer.text).toBe('')
    const after = await rig.call(mine, { as: one })
    expect(after.status).toBe(401)
    expect(after.json).toMatchObject({ code: 'identity/expired' })
    expect((await rig.call(mine, { as: other })).status).toBe(200)
  })

  test('401: a second time', async () => {
    const as = await rig.session(ALICE.customer)
    await end({ as })
    expect((await end({ as })).status).toBe(401)
  })

  test('401: without a session', async () => {
    const answer = await end({})
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({ code: 'policy/subject-required' })
  })

  test('403: from an unlisted page', async () => {
    const as = await rig.session(ALICE.customer)
    expect((await end({ as, headers: { origin: 'https://evil.example' } })).status).toBe(403)
    expect((await rig.call(mine, { as })).status).toBe(200)
  })

  test('204: a server ends all of a customer’s, in any spelling', async () => {
    const [one, other] = [await rig.session('1001'), await rig.session('shopify-1001')]
    const bobs = await rig.session(BOB.customer)
    const json = { customerId: 'gid://shopify/Customer/1001' }
    expect((await end({ as: keys.backend, json })).status).toBe(204)
    for (const as of [one, other]) {
      const answer = await rig.call(mine, { as })
      expect(answer.status).toBe(401)
      expect(answer.json).toMatchObject({ code: 'identity/expired' })
    }
    expect((await rig.call(mine, { as: bobs })).status).toBe(200)
    clock.advance(1000)
    const later = await rig.session('1001')
    expect((await rig.call(mine, { as: later })).status).toBe(200)
    expect((await rig.call(mine, { as: one })).status).toBe(401)
  })

  test('400: a server that names nobody', async () => {
    expect((await end({ as: keys.backend })).status).toBe(400)
  })

  test('403: a server without the scope', async () => {
    const answer = await end({ as: keys.plugin })
    expect(answer.status).toBe(403)
    expect(answer.json).toMatchObject({ code: 'policy/scope-missing' })
  })
})

describe('a storefront without sessions', () => {
  let bare: Rig
  beforeAll(async () => {
    bare = await startRig({ configure: (yaml) => yaml.replace(/ +- { type: session.*\n/, '') })
  })
  afterAll(() => bare.close())

  test('405: none can be made', async () => {
    const json = { customerId: '1001' }
    const answer = await bare.call('/session', { method: 'POST', as: keys.backend, json })
    expect(answer.status).toBe(405)
  })

  test('401: a session of another gateway is an unknown bearer', async () => {
    const answer = await bare.call('/session', { as: await rig.session('1001') })
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({ code: 'identity/invalid' })
  })
})

function decode(part: string): object {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as object
}

function sign(header: object, claims: object): string {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${input}.${createHmac('sha256', SESSION_SECRET).update(input).digest('base64url')}`
}
