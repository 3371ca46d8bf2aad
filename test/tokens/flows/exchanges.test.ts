/** Exchanges that fail, and tokens that teach nothing (threats F7, F8; wire facts §2.5). */
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../support/fake-clock.ts'
import { ALICE, BOB } from '../../support/rig.ts'
import { sentDuring } from '../../support/sent.ts'
import { base, lookUps, own, useRig } from './use-rig.ts'

const MINUTE = 60_000

describe('while the exchange is down (F7)', () => {
  const clock = createFakeClock()
  const rig = useRig({ clock, random: () => 0 })

  test('a warm shopper is served for hours', async () => {
    await own(rig(), ALICE.customer)
    rig().nector.faults.respond({ path: /customer_id=/ }, { status: 503 })
    for (let hour = 0; hour < 5; hour += 1) {
      clock.advance(60 * MINUTE)
      expect((await own(rig(), ALICE.customer)).status).toBe(200)
    }
  })

  test('a cold one gets a 503 with Retry-After, and the next at once without a call', async () => {
    const first = await own(rig(), BOB.customer)
    expect(first.status).toBe(503)
    expect(first.json).toMatchObject({ code: 'tokens/exchange-unavailable' })
    expect(Number(first.headers['retry-after'])).toBeGreaterThan(0)
    const sent = await sentDuring(rig().nector, async () => {
      expect((await own(rig(), BOB.customer)).status).toBe(503)
    })
    expect(sent).toEqual([])
  })

  test('and is served within seconds of its end', async () => {
    rig().nector.faults.clear()
    clock.advance(10_000)
    expect((await own(rig(), BOB.customer)).status).toBe(200)
  })
})

describe('a caller that hangs up (F8)', () => {
  const rig = useRig({})

  test('does not take the exchange away from those who wait for it', async () => {
    rig().nector.faults.delay({ path: /customer_id=/ }, 200)
    const as = await rig().session(ALICE.customer)
    const headers = { authorization: `Bearer ${as}` }
    const signal = AbortSignal.timeout(80)
    const leaving = request(`${rig().url}${base}/coupons`, { headers, signal })
    await expect(leaving).rejects.toThrow()
    const staying = await rig().call(`${base}/coupons`, { as })
    expect(staying.status).toBe(200)
    expect(lookUps(rig())).toBe(1)
  })

  test('and one who is alone leaves a token behind', async () => {
    const as = await rig().session(BOB.customer)
    const headers = { authorization: `Bearer ${as}` }
    const signal = AbortSignal.timeout(80)
    await expect(request(`${rig().url}${base}/coupons`, { headers, signal })).rejects.toThrow()
    await delay(300)
    expect((await rig().call(`${base}/coupons`, { as })).status).toBe(200)
    expect(lookUps(rig())).toBe(2)
  })
})

describe('leadToken: opaque', () => {
  const clock = createFakeClock()
  const rig = useRig({
    clock,
    nector: { opaqueTokens: true },
    configure: (yaml) =>
      yaml.replace('customer: shopify\n', 'customer: shopify\n        leadToken: opaque\n'),
  })
  const mine = () => own(rig(), ALICE.customer, `orders`)

  test('serves a shopper with the token as it came', async () => {
    const sent = await sentDuring(rig().nector, async () => {
      expect((await mine()).status).toBe(200)
    })
    expect(sent.at(-1)?.headers['x-leadtoken']).toMatch(/^lt_/)
  })

  test('keeps it for this shopper alone', async () => {
    const sent = await sentDuring(rig().nector, async () => {
      await own(rig(), BOB.customer, `orders`)
      await mine()
    })
    const tokens = sent.flatMap(({ headers }) => headers['x-leadtoken'] ?? [])
    expect(new Set(tokens).size).toBe(2)
  })

  test('learns no lead: one look-up for each hour', async () => {
    const before = lookUps(rig())
    for (let hour = 0; hour < 5; hour += 1) {
      clock.advance(60 * MINUTE)
      expect((await mine()).status).toBe(200)
    }
    expect(lookUps(rig()) - before).toBe(5)
  })

  test('recovers from a refusal with one more look-up', async () => {
    rig().nector.faults.revokeEverything()
    clock.advance(2_000)
    const before = lookUps(rig())
    expect((await mine()).status).toBe(200)
    expect(lookUps(rig()) - before).toBe(1)
  })
})
