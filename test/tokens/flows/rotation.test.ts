/** A key rotated with and without overlap: the calls go on (threats F12). */
import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../support/fake-clock.ts'
import { ALICE, BOB, keys, SHOP_KEY, SIGNING_SECRET, STOREFRONT_KEY } from '../../support/rig.ts'
import { lookUps, own, search, useRig } from './use-rig.ts'

const NEW_SHOP_KEY = 'sk_000000000000000000000000000fa4e2'
const NEW_SECRET = 'nector_signing_secret_the-new-one-for-tests'

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
