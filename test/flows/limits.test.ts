/** How many calls each caller may make here. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { ALICE, BOB, keys, ORIGIN, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'
import { sentDuring } from '../support/sent.ts'

const search = '/api/widget/search?q=tent'
const mine = '/nector/api/v2/merchant/leads/me'

let clock: FakeClock
let rig: Rig
beforeEach(async () => {
  clock = createFakeClock()
  rig = await startRig({
    clock,
    configure: (yaml) => yaml.replace('limits: off', 'limits: { calls: 3, per: 1m }'),
  })
})
afterEach(() => rig.close())

test('200: every answer says what is left, in structured fields', async () => {
  const answer = await rig.call(search, { headers: { origin: ORIGIN } })
  expect(answer.headers).toMatchObject({
    'ratelimit-policy': '"widget:search";q=3;w=60',
    ratelimit: '"widget:search";r=2;t=60',
  })
  expect(answer.headers['access-control-expose-headers']).toContain('RateLimit')
})

describe('429 policy/rate-limited', () => {
  test('with the seconds to wait, after which it goes on; nothing is sent meanwhile', async () => {
    for (let index = 0; index < 3; index++) await rig.call(search)
    clock.advance(20_000)
    const sent = await sentDuring(rig.neuroon, async () => {
      const refused = await rig.call(search, { headers: { origin: ORIGIN } })
      expect(refused.status).toBe(429)
      expect(refused.json).toMatchObject({ code: 'policy/rate-limited' })
      expect(refused.headers).toMatchObject({
        'retry-after': '40',
        ratelimit: '"widget:search";r=0;t=40',
        'access-control-allow-origin': ORIGIN,
      })
    })
    expect(sent).toEqual([])
    clock.advance(40_000)
    expect((await rig.call(search)).status).toBe(200)
  })

  test('for one shopper, and not for another at the same address', async () => {
    const [alice, bob] = [await rig.session(ALICE.customer), await rig.session(BOB.customer)]
    for (let index = 0; index < 3; index++) await rig.call(mine, { as: alice })
    expect((await rig.call(mine, { as: alice })).status).toBe(429)
    // A second session is the same shopper.
    expect((await rig.call(mine, { as: await rig.session(ALICE.customer) })).status).toBe(429)
    expect((await rig.call(mine, { as: bob })).status).toBe(200)
  })

  test('for one family of routes, and not for another', async () => {
    for (let index = 0; index < 4; index++) await rig.call(search)
    expect((await rig.call('/api/widget/trending')).status).toBe(200)
  })

  test('for a service key', async () => {
    const path = '/api/plugin/shops/me'
    for (let index = 0; index < 3; index++) await rig.call(path, { as: keys.plugin })
    expect((await rig.call(path, { as: keys.plugin })).status).toBe(429)
  })

  test('for an address that makes twenty times as many, before anybody is identified', async () => {
    const as = 'not-a-token'
    for (let index = 0; index < 60; index++) {
      expect((await rig.call(search, { as })).status).toBe(401)
    }
    expect((await rig.call(search, { as })).status).toBe(429)
    // A path that does not exist costs nothing, and a preflight is no call.
    expect((await rig.call('/nothing')).status).toBe(404)
  })
})

describe('the shop’s own server, which makes the sessions of everybody who logs in', () => {
  const create = (address: string) =>
    rig.call('/session', {
      method: 'POST',
      as: keys.backend,
      json: { customerId: ALICE.customer },
      headers: { 'x-forwarded-for': address },
    })

  beforeEach(async () => {
    await rig.close()
    rig = await startRig({
      clock,
      configure: (yaml) =>
        yaml
          .replace('limits: off', 'limits: { calls: 3, per: 1m }')
          .replace('listen: {', 'listen: { trustedProxies: [127.0.0.1],'),
    })
  })

  test('201: twenty times as often as a shopper may call', async () => {
    const answer = await create('192.0.2.1')
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({
      'ratelimit-policy': '"own:server";q=60;w=60',
      ratelimit: '"own:server";r=59;t=60',
    })
  })

  test('429: beyond that, from however many addresses, until the minute is over', async () => {
    for (let index = 0; index < 60; index++) {
      expect((await create(`192.0.2.${index}`)).status).toBe(201)
    }
    const refused = await create('198.51.100.1')
    expect(refused.status).toBe(429)
    expect(refused.json).toMatchObject({ code: 'policy/rate-limited' })
    expect(refused.headers['retry-after']).toBe('60')
    // Another key is counted by itself, and so is what a shopper does.
    const other = { headers: { 'x-forwarded-for': '198.51.100.1' } }
    expect((await rig.call('/session', { as: keys.plugin, ...other })).status).toBe(200)
    expect((await rig.call('/session', other)).status).toBe(200)
    clock.advance(60_000)
    expect((await create('198.51.100.1')).status).toBe(201)
  })
})
