/** The sources that ask somebody: what they ask, and what follows when nobody answers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AUDIENCE, claimsFor, createSigningKey, startAnswering } from '../identity/log-in.ts'
import type { Asking } from '../identity/log-in.ts'
import { COOKIE_ISSUER, everySource } from '../identity/shops.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { ALICE, ORIGIN, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'

const [first, second] = [createSigningKey('first'), createSigningKey('second')]
const mine = '/nector/api/v2/merchant/leads/me'
const search = '/api/widget/search?q=tent'

let rig: Rig
let clock: FakeClock
let whoami: Asking
let jwks: Asking
let published: readonly object[] | null = [first.jwk]
let status = 200
beforeAll(async () => {
  clock = createFakeClock()
  whoami = await startAnswering(() => ({ status, headers: { 'x-customer-id': ALICE.customer } }))
  jwks = await startAnswering(() =>
    published === null
      ? { status: 500 }
      : { status: 200, body: JSON.stringify({ keys: published }) },
  )
  const close = async () => undefined
  rig = await startRig({ clock, configure: everySource({ whoami, jwks, close }) })
})
afterAll(async () => {
  await rig.close()
  await Promise.all([whoami.close(), jwks.close()])
})

const token = (key = first) =>
  key.sign({ ...claimsFor(ALICE.customer, clock.now()), iss: COOKIE_ISSUER, aud: AUDIENCE })
const withToken = (value: string, path = mine) =>
  rig.call(path, { headers: { cookie: `shop_token=${value}` } })
const withSid = (sid: string, path = mine) => rig.call(path, { headers: { cookie: `sid=${sid}` } })

describe('a key set', () => {
  test('503: that is down from the start, also for a search', async () => {
    published = null
    for (const path of [mine, search]) {
      const answer = await withToken(token(), path)
      expect(answer.status).toBe(503)
      expect(answer.json).toMatchObject({ code: 'identity/unavailable' })
      expect(answer.headers['retry-after']).toBe('5')
    }
    expect((await rig.call(search)).status).toBe(200)
    expect(jwks.asked).toHaveLength(1)
    published = [first.jwk]
    clock.advance(5_000)
    expect((await withToken(token())).status).toBe(200)
  })

  test('is asked for without anything of the call', async () => {
    expect(jwks.asked.length).toBeGreaterThan(0)
    for (const { url, headers } of jwks.asked) {
      expect(url).toBe('/jwks')
      expect(Object.keys(headers).sort()).toEqual([
        'accept',
        'accept-encoding',
        'connection',
        'host',
      ])
    }
  })

  test('gets a new key by itself, at most once in thirty seconds', async () => {
    published = [first.jwk, second.jwk]
    clock.advance(30_000)
    const before = jwks.asked.length
    expect((await withToken(token(second))).status).toBe(200)
    for (let at = 0; at < 20; at += 1) {
      expect((await withToken(token(createUnknown()))).status).toBe(401)
    }
    expect(jwks.asked.length - before).toBe(1)
  })

  test('serves on while it is down', async () => {
    published = null
    clock.advance(3_600_000)
    expect((await withToken(token())).status).toBe(200)
    published = [second.jwk]
    clock.advance(60_000)
    await withToken(token(second))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await withToken(token(second))).status).toBe(200)
    clock.advance(30_000)
    expect((await withToken(token(first))).status).toBe(401)
  })

  const unknown = createSigningKey('unknown')
  function createUnknown() {
    return unknown
  }
})

describe('the shop that is asked whose cookie it is', () => {
  test('sees that cookie and nothing else of the call', async () => {
    const headers = {
      cookie: 'a=1; sid=abc; b=2',
      origin: ORIGIN,
      'x-apikey': 'placeholder',
      'x-source': 'web',
      'user-agent': 'browser',
    }
    expect((await rig.call(mine, { headers })).status).toBe(200)
    expect(whoami.asked.at(-1)).toMatchObject({ url: '/whoami', headers: { cookie: 'sid=abc' } })
    expect(Object.keys(whoami.asked.at(-1)?.headers ?? {}).sort()).toEqual([
      'accept-encoding',
      'connection',
      'cookie',
      'host',
    ])
  })

  test('503: is down', async () => {
    status = 500
    for (const path of [mine, search]) {
      const answer = await withSid('down', path)
      expect(answer.status).toBe(503)
      expect(answer.json).toMatchObject({ code: 'identity/unavailable' })
      expect(answer.headers['retry-after']).toBe('1')
    }
    status = 302
    expect((await withSid('redirected')).status).toBe(503)
    status = 200
    clock.advance(1_000)
    expect((await withSid('down')).status).toBe(200)
  })

  test('401: says that it is not one', async () => {
    status = 403
    const answer = await withSid('bad')
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({ code: 'identity/invalid' })
    status = 200
  })
})
