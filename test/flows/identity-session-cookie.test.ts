/** The hand-off: the shop's server asks for a code, its page trades it for a cookie. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { textOf } from '../support/json.ts'
import { ALICE, BOB, keys, ORIGIN, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'

const mine = '/nector/api/v2/merchant/leads/me'
const search = '/api/widget/search?q=tent'
const page = { origin: ORIGIN }

let rig: Rig
let clock: FakeClock
beforeAll(async () => {
  clock = createFakeClock()
  rig = await startRig({ clock })
})
afterAll(() => rig.close())

const askCode = (json: object = { customerId: ALICE.customer, handoff: true }, as = keys.backend) =>
  rig.call('/session', { method: 'POST', as, json })
const redeem = (code: unknown, headers: Record<string, string> = page) =>
  rig.call('/session/redeem', { method: 'POST', headers, json: { code } })

async function code(): Promise<string> {
  return textOf((await askCode()).json['code'])
}

async function cookie(): Promise<string> {
  const { headers } = await redeem(await code())
  return textOf(headers['set-cookie']).split(';')[0] ?? ''
}

describe('a code', () => {
  test('201: for a server, with the moment it ends and no session', async () => {
    const answer = await askCode()
    expect(answer.status).toBe(201)
    expect(answer.json).toEqual({
      code: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      expiresAt: new Date(clock.now() + 60_000).toISOString(),
    })
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test('401, 403: for nobody else', async () => {
    const json = { customerId: ALICE.customer, handoff: true }
    expect((await rig.call('/session', { method: 'POST', json })).status).toBe(401)
    expect((await askCode(json, keys.powerless)).status).toBe(403)
    expect((await askCode(json, await rig.session(BOB.customer))).status).toBe(403)
  })

  test('200: is traded for the cookie, and no script sees the session', async () => {
    const answer = await redeem(await code())
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      storefront: 'acme',
      channel: 'browser',
      customer: { id: ALICE.customer },
      expiresAt: new Date(clock.now() + 3_600_000).toISOString(),
    })
    expect(answer.headers['set-cookie']).toMatch(
      /^__Host-gatehouse=[\w-]+\.[\w-]+\.[\w-]+; Max-Age=3600; Path=\/; Secure; SameSite=Lax; HttpOnly$/,
    )
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(answer.headers['access-control-allow-credentials']).toBe('true')
  })

  test('401: works once', async () => {
    const once = await code()
    expect((await redeem(once)).status).toBe(200)
    const again = await redeem(once)
    expect(again.status).toBe(401)
    expect(again.json).toMatchObject({ code: 'identity/invalid' })
    expect(again.headers['set-cookie']).toBeUndefined()
  })

  test('401: works for a minute', async () => {
    const [early, late] = [await code(), await code()]
    clock.advance(59_999)
    expect((await redeem(early)).status).toBe(200)
    clock.advance(1)
    expect((await redeem(late)).status).toBe(401)
  })

  test('401: an unknown one is told like a used one', async () => {
    const used = await code()
    await redeem(used)
    const bodies = await Promise.all([redeem(used), redeem('x'), redeem('')])
    const details = bodies.map(({ status, json }) => [status, json['detail'], json['code']])
    expect(new Set(details.map(String)).size).toBe(1)
  })

  test.each([
    ['a number', 1],
    ['none', undefined],
    ['null', null],
    ['a list', ['x']],
    ['a long one', 'x'.repeat(129)],
  ])('400: %s', async (_what, value) => expect((await redeem(value)).status).toBe(400))

  test('401, 403: only a listed page may trade it, and it is not used up by others', async () => {
    const kept = await code()
    expect((await redeem(kept, {})).status).toBe(401)
    expect((await redeem(kept, { 'sec-fetch-site': 'same-origin' })).status).toBe(401)
    for (const origin of ['https://evil.example', 'null', `${ORIGIN}.evil.example`]) {
      expect((await redeem(kept, { origin })).status).toBe(403)
    }
    const headers = { ...page, authorization: `Bearer ${keys.backend}` }
    expect((await redeem(kept, headers)).status).toBe(403)
    expect((await redeem(kept)).status).toBe(200)
  })

  test('401: ends with all of the customer’s sessions', async () => {
    const [ended, kept] = [
      await code(),
      textOf((await askCode({ customerId: BOB.customer, handoff: true })).json['code']),
    ]
    const end = {
      method: 'DELETE',
      as: keys.backend,
      headers: { 'x-gatehouse-customer': ALICE.customer },
    }
    expect((await rig.call('/session', end)).status).toBe(204)
    expect((await redeem(ended)).status).toBe(401)
    expect((await redeem(kept)).status).toBe(200)
    clock.advance(1_000)
  })
})

describe('the cookie', () => {
  test('200: is the shopper', async () => {
    const headers = { cookie: await cookie() }
    const answer = await rig.call(mine, { headers })
    expect(answer.json).toMatchObject({ data: { item: { _id: ALICE.id } } })
    expect(answer.headers['cache-control']).toBe('private, no-store')
    expect((await rig.call('/session', { headers })).json).toMatchObject({
      channel: 'browser',
      customer: { id: ALICE.customer },
    })
  })

  test('never reaches an upstream', async () => {
    await rig.call(mine, { headers: { cookie: await cookie() } })
    await rig.call(search, { headers: { cookie: await cookie() } })
    const sent = [...rig.nector.received, ...rig.neuroon.received]
    expect(sent.filter(({ headers }) => headers['cookie'] !== undefined)).toEqual([])
    expect(rig.log()).not.toContain('__Host-gatehouse')
  })

  test('401: two of them are refused', async () => {
    const headers = { cookie: `${await cookie()}; ${await cookie()}` }
    expect((await rig.call(mine, { headers })).status).toBe(401)
  })

  test('403: changes something only from a page of the shop', async () => {
    const end = (headers: Record<string, string>) =>
      rig.call('/session', { method: 'DELETE', headers })
    const held = { cookie: await cookie() }
    for (const foreign of [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { referer: `${ORIGIN}/` },
    ]) {
      const answer = await end({ ...held, ...foreign })
      expect(answer.status).toBe(403)
      expect(answer.json).toMatchObject({ code: 'policy/origin-mismatch' })
    }
    expect((await rig.call(mine, { headers: held })).status).toBe(200)
    const answer = await end({ ...held, ...page })
    expect(answer.status).toBe(204)
    expect(answer.headers['set-cookie']).toBe(
      '__Host-gatehouse=; Max-Age=0; Path=/; Secure; SameSite=Lax; HttpOnly',
    )
    expect((await rig.call(mine, { headers: held })).status).toBe(401)
    const other = { cookie: await cookie() }
    expect((await end({ ...other, 'sec-fetch-site': 'same-origin' })).status).toBe(204)
  })

  test('is cleared when it has ended: search goes on, the shopper has to log in', async () => {
    const headers = { cookie: await cookie() }
    clock.advance(3_600_000)
    const searched = await rig.call(search, { headers })
    expect(searched.status).toBe(200)
    expect(searched.headers['set-cookie']).toMatch(/^__Host-gatehouse=; Max-Age=0;/)
    const answer = await rig.call(mine, { headers: { ...headers, ...page } })
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({ code: 'identity/expired' })
    expect(answer.headers['set-cookie']).toMatch(/^__Host-gatehouse=; Max-Age=0;/)
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect((await rig.call('/session', { headers })).json).toMatchObject({ customer: null })
  })

  test('is cleared when it was revoked, too', async () => {
    const headers = { cookie: await cookie() }
    await rig.call('/session', { method: 'DELETE', headers: { ...headers, ...page } })
    const searched = await rig.call(search, { headers })
    expect(searched.status).toBe(200)
    expect(searched.headers['set-cookie']).toMatch(/Max-Age=0/)
  })

  test('401: that is wrong is refused everywhere, cleared, and no obstacle to logging in', async () => {
    const held = await cookie()
    for (const bad of [`${held}x`, '__Host-gatehouse=garbage', held.replace(/\.[^.]*$/, '.AAAA')]) {
      const answer = await rig.call(search, { headers: { cookie: bad } })
      expect(answer.status).toBe(401)
      expect(answer.json).toMatchObject({ code: 'identity/invalid' })
      expect(answer.headers['set-cookie']).toMatch(/^__Host-gatehouse=; Max-Age=0;/)
    }
  })

  test('beside a bearer of the same shopper is one caller, of another one none', async () => {
    const headers = { cookie: await cookie() }
    const as = await rig.session(ALICE.customer)
    expect((await rig.call(mine, { headers, as })).status).toBe(200)
    const answer = await rig.call(mine, { headers, as: await rig.session(BOB.customer) })
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({ code: 'identity/invalid' })
  })
})
