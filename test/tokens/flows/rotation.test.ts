/** A key rotated with and without overlap: the calls go on (threats F12). */
import { describe, expect, test } from 'vitest'
import { signHs256 } from '../../identity/log-in.ts'
import { createFakeClock } from '../../support/fake-clock.ts'
import {
  ALICE,
  BOB,
  keys,
  SESSION_SECRET,
  SHOP_KEY,
  SIGNING_SECRET,
  STOREFRONT_KEY,
} from '../../support/rig.ts'
import { lookUps, own, search, useRig } from './use-rig.ts'

const NEW_SHOP_KEY = 'sk_000000000000000000000000000fa4e2'
const NEW_SECRET = 'nector_signing_secret_the-new-one-for-tests'
const NEW_SESSION_SECRET = 'session_secret_the-new-one_for-tests-only'

const products = '/api/plugin/shops/shop_abc/products'

describe('previousApiKey', () => {
  const clock = createFakeClock()
  const rig = useRig({
    clock,
    configure: (yaml) =>
      yaml.replace(
        `apiKey: ${SHOP_KEY}`,
        `apiKey: ${NEW_SHOP_KEY}\n        previousApiKey: ${SHOP_KEY}`,
      ),
  })

  async function everythingWorks(): Promise<void> {
    for (let call = 0; call < 5; call += 1) {
      expect((await search(rig())).status).toBe(200)
      expect((await rig().call(`${products}?page=${call}`, { as: keys.plugin })).status).toBe(200)
      clock.advance(20_000)
    }
  }

  test('carries the calls while Neuroon does not know the new key yet', everythingWorks)

  test('goes on where both are good', async () => {
    rig().neuroon.addKey('shop_abc', NEW_SHOP_KEY)
    await everythingWorks()
  })

  test('is out of use by itself when the new key is good', async () => {
    clock.advance(120_000)
    await search(rig())
    await rig().call(products, { as: keys.plugin })
    const before = rig().neuroon.received.length
    await everythingWorks()
    const sent = rig().neuroon.received.slice(before)
    expect(sent.filter(({ headers }) => headers['x-shop-api-key'] === SHOP_KEY)).toEqual([])
  })

  test('and its end is not noticed', async () => {
    rig().neuroon.removeKey(SHOP_KEY)
    await everythingWorks()
  })

  test('carries the calls again where the new key is taken back', async () => {
    rig().neuroon.addKey('shop_abc', SHOP_KEY)
    rig().neuroon.removeKey(NEW_SHOP_KEY)
    await everythingWorks()
  })

  test('in use, gives way without a failed call when only the new key is good', async () => {
    rig().neuroon.addKey('shop_abc', NEW_SHOP_KEY)
    rig().neuroon.removeKey(SHOP_KEY)
    await everythingWorks()
  })

  test('and the metrics say which key is in use', async () => {
    const url = rig().gateway.adminUrl
    const metrics = await (await fetch(`${url}/metrics`)).text()
    for (const key of ['apiKey', 'previousApiKey']) {
      expect(metrics).toMatch(new RegExp(`key="${key}"[^\\n]*event="used"`))
    }
  })
})

describe('previousSigningSecret', () => {
  const clock = createFakeClock()
  const rig = useRig({
    clock,
    configure: (yaml) =>
      yaml.replace(
        `signingSecret: ${SIGNING_SECRET}`,
        `signingSecret: ${NEW_SECRET}, previousSigningSecret: ${SIGNING_SECRET}`,
      ),
  })

  test('carries cold and warm shoppers while Nector has the old secret', async () => {
    for (const { customer } of [ALICE, BOB, ALICE, BOB]) {
      expect((await own(rig(), customer)).status).toBe(200)
      clock.advance(40_000)
    }
    expect(lookUps(rig()), 'one with each secret, for each of two').toBeLessThanOrEqual(4)
  })

  test('gives way without a failed call when Nector takes the new one', async () => {
    const before = lookUps(rig())
    rig().nector.setSigningSecret(STOREFRONT_KEY, NEW_SECRET)
    for (const { customer } of [ALICE, BOB, ALICE, BOB]) {
      expect((await own(rig(), customer)).status).toBe(200)
      clock.advance(40_000)
    }
    expect(lookUps(rig())).toBe(before)
  })
})

describe('previousSecret of sessions', () => {
  const clock = createFakeClock()
  const rig = useRig({
    clock,
    configure: (yaml) =>
      yaml.replace(
        `secret: ${SESSION_SECRET}`,
        `secret: ${NEW_SESSION_SECRET}, previousSecret: ${SESSION_SECRET}`,
      ),
  })
  const NEVER = { count: null, last: null }
  const show = async (as: string) => expect((await rig().call('/session', { as })).status).toBe(200)

  /** How often the secret was used, and when last. */
  async function useOf(secret: 'secret' | 'previousSecret') {
    const page = await (await fetch(`${rig().gateway.adminUrl}/metrics`)).text()
    const labels = `storefront="acme",provider="session",key="${secret}"`
    const valueOf = (series: string) => {
      const line = page.split('\n').find((each) => each.startsWith(`${series} `))
      return line === undefined ? null : Number(line.slice(series.length))
    }
    return {
      count: valueOf(`gatehouse_token_events_total{${labels},event="used"}`),
      last: valueOf(`gatehouse_key_last_used_timestamp_seconds{${labels}}`),
    }
  }

  /** A session of this gateway as it was made before the rotation. */
  async function sessionFromBefore(): Promise<string> {
    const [header, claims] = (await rig().session(ALICE.customer)).split('.', 2).map(decode)
    return signHs256(claims ?? {}, SESSION_SECRET, header)
  }

  test('is in use each time such a session comes, remembered or not', async () => {
    const old = await sessionFromBefore()
    expect(await useOf('previousSecret')).toEqual(NEVER)
    for (const count of [1, 2, 3]) {
      await show(old)
      expect(await useOf('previousSecret')).toEqual({ count, last: clock.now() / 1000 })
      clock.advance(20_000)
    }
    expect(await useOf('secret')).toEqual(NEVER)
  })

  test('is seen to be out of use when only new ones come', async () => {
    const before = await useOf('previousSecret')
    await show(await rig().session(ALICE.customer))
    expect(await useOf('secret')).toEqual({ count: 1, last: clock.now() / 1000 })
    expect(await useOf('previousSecret')).toEqual(before)
  })

  test('is not in use by a session that has ended', async () => {
    const old = await sessionFromBefore()
    const before = await useOf('previousSecret')
    clock.advance(3_600_000)
    expect((await rig().call('/session', { as: old })).status).toBe(401)
    expect(await useOf('previousSecret')).toEqual(before)
  })
})

describe('a secret rotated without overlap', () => {
  const clock = createFakeClock()
  const rig = useRig({ clock, random: () => 0 })

  test('is 502 upstream/credential-rejected, which names no secret, until it is configured', async () => {
    expect((await own(rig(), ALICE.customer)).status).toBe(200)
    rig().nector.setSigningSecret(STOREFRONT_KEY, NEW_SECRET)
    clock.advance(60_000)
    const before = rig().nector.received.length
    const answer = await own(rig(), ALICE.customer)
    expect(answer.status).toBe(502)
    expect(answer.json).toMatchObject({ code: 'upstream/credential-rejected' })
    expect(answer.headers).not.toHaveProperty('www-authenticate')
    expect(rig().nector.received.length - before, 'sent twice and no more').toBe(2)
  })

  test('and rests for a moment', async () => {
    const before = rig().nector.received.length
    const answer = await own(rig(), ALICE.customer)
    expect(answer.json).toMatchObject({ code: 'upstream/credential-rejected' })
    expect(answer.headers['retry-after']).toBe('5')
    expect(rig().nector.received.length).toBe(before)
  })

  test('and is over as soon as the secret is good again', async () => {
    rig().nector.setSigningSecret(STOREFRONT_KEY, SIGNING_SECRET)
    clock.advance(6_000)
    expect((await own(rig(), ALICE.customer)).status).toBe(200)
  })
})

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>
}
