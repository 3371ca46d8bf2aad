/** What follows when an upstream refuses: once more, or never (threats F5, F6, T24, T28). */
import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../support/fake-clock.ts'
import { ALICE, BOB } from '../../support/rig.ts'
import { sentDuring, targets } from '../../support/sent.ts'
import { base, lookUps, own, search, useRig } from './use-rig.ts'

const MINUTE = 60_000
const coupons = `GET ${base}/coupons`

describe('401', () => {
  const clock = createFakeClock()
  const rig = useRig({ clock, random: () => 0 })
  const { customer } = ALICE

  test('to one token is recovered from with a token made here, without a look-up', async () => {
    await own(rig(), customer)
    rig().nector.faults.revokeEverything()
    clock.advance(2_000)
    const before = lookUps(rig())
    const sent = await sentDuring(rig().nector, async () => {
      expect((await own(rig(), customer)).status).toBe(200)
    })
    expect(targets(sent)).toEqual([coupons, coupons])
    expect(sent[0]?.headers['x-leadtoken']).not.toBe(sent[1]?.headers['x-leadtoken'])
    expect(lookUps(rig())).toBe(before)
  })

  test('to a token is recovered from in the very second in which it was made', async () => {
    clock.advance(2 * 60 * MINUTE)
    const [first] = await sentDuring(rig().nector, () => own(rig(), customer))
    rig().nector.faults.revoke(first?.headers['x-leadtoken'] ?? '')
    expect((await own(rig(), customer)).status).toBe(200)
  })

  test('to everything is final after the second time: 502, no challenge, and then a rest', async () => {
    clock.advance(MINUTE)
    rig().nector.faults.respond(
      { path: /coupons/ },
      { status: 401, headers: { 'www-authenticate': 'Basic' } },
    )
    const sent = await sentDuring(rig().nector, async () => {
      const answer = await own(rig(), customer)
      expect(answer.status).toBe(502)
      expect(answer.json).toMatchObject({ code: 'upstream/credential-rejected' })
      expect(answer.headers).not.toHaveProperty('www-authenticate')
    })
    expect(targets(sent)).toEqual([coupons, coupons])
    expect(await sentDuring(rig().nector, () => own(rig(), customer))).toEqual([])
    rig().nector.faults.clear()
    clock.advance(2_000)
    expect((await own(rig(), customer)).status).toBe(200)
  })

  test('to a widget token is recovered from, and one odd answer does not stop the shop', async () => {
    await search(rig())
    rig().neuroon.faults.revokeEverything()
    clock.advance(2_000)
    const sent = await sentDuring(rig().neuroon, async () => {
      expect((await search(rig())).status).toBe(200)
    })
    expect(sent).toHaveLength(2)
    rig().neuroon.faults.respond({ path: /suggest/ }, { status: 401 })
    expect((await rig().call('/api/widget/suggest?q=odd')).status).toBe(502)
    expect((await search(rig())).status).toBe(200)
    rig().neuroon.faults.clear()
  })

  test('to what may not be sent twice is 502, and the next call has another token', async () => {
    await search(rig())
    rig().neuroon.faults.revokeEverything()
    clock.advance(2_000)
    const click = { method: 'POST', json: { productId: 'fk-101', searchLogId: 'log-1' } }
    const sent = await sentDuring(rig().neuroon, async () => {
      expect((await rig().call('/api/widget/track/click', click)).status).toBe(502)
    })
    expect(sent).toHaveLength(1)
    const again = await sentDuring(rig().neuroon, () =>
      rig().call('/api/widget/track/click', click),
    )
    expect(again.map(({ status }) => status < 400)).toEqual([true])
  })
})

describe.each([403, 404])('%i', (status) => {
  const clock = createFakeClock()
  const rig = useRig({ clock, random: () => 0 })

  test('is passed on, and never a reason for another token', async () => {
    await own(rig(), ALICE.customer)
    rig().nector.faults.respond({ path: /coupons/ }, { status, body: { odd: status } })
    clock.advance(MINUTE)
    const sent = await sentDuring(rig().nector, async () => {
      expect((await own(rig(), ALICE.customer)).status).toBe(status)
      expect((await own(rig(), ALICE.customer)).status).toBe(status)
    })
    expect(targets(sent)).toEqual([coupons, coupons])
    expect(sent[0]?.headers['x-leadtoken']).toBe(sent[1]?.headers['x-leadtoken'])
  })
})

describe('a lead that was deleted and enrolled again (T24)', () => {
  const clock = createFakeClock()
  const rig = useRig({ clock, random: () => 0 })
  const newId = 'aaaaaaaa-0000-4000-8000-00000000200'

  test('finds its way back after the cool-down, with one look-up', async () => {
    await own(rig(), ALICE.customer)
    const before = lookUps(rig())
    rig().nector.recreateLead(ALICE.customerId, `${newId}1`)
    clock.advance(MINUTE)
    expect((await own(rig(), ALICE.customer)).status, 'as Nector says it').toBe(422)
    expect((await own(rig(), ALICE.customer)).status, 'the cool-down').toBe(404)
    clock.advance(2_000)
    expect((await own(rig(), ALICE.customer)).status).toBe(200)
    expect(lookUps(rig())).toBe(before + 1)
    expect(rig().log()).toContain('account-changed')
  })

  test('a second time on the same day does not', async () => {
    rig().nector.recreateLead(ALICE.customerId, `${newId}2`)
    clock.advance(60 * MINUTE)
    expect((await own(rig(), ALICE.customer)).status).toBe(422)
    clock.advance(2_000)
    const answer = await own(rig(), ALICE.customer)
    expect(answer.status).toBe(502)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-mismatch' })
  })

  test('and on the next day does', async () => {
    clock.advance(24 * 60 * MINUTE)
    expect((await own(rig(), ALICE.customer)).status).toBe(200)
  })

  test('is never another shopper’s', async () => {
    expect((await own(rig(), BOB.customer)).status).toBe(200)
    rig().nector.recreateLead(ALICE.customerId, `${newId}3`)
    rig().nector.swapExchangeAnswer(ALICE.customerId, BOB.customerId, 'token')
    clock.advance(48 * 60 * MINUTE)
    expect((await own(rig(), ALICE.customer)).status).toBe(422)
    clock.advance(2_000)
    const answer = await own(rig(), ALICE.customer)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-mismatch' })
    expect(answer.text).not.toContain(BOB.id)
  })
})

describe('whether a customer exists (T28)', () => {
  const clock = createFakeClock()
  const rig = useRig({ clock, random: () => 0 })

  test('is not to be read out of what the gateway says without a good proof', async () => {
    const answers = []
    for (const customer of [ALICE.customer, '999999']) {
      const as = (await rig().session(customer)).slice(0, -3)
      const answer = await rig().call(`${base}/coupons`, { as })
      answers.push([answer.status, { ...answer.json, instance: null }])
    }
    expect(answers[0]).toEqual(answers[1])
  })

  test.each([
    ['a refused exchange', 'tokens/exchange-refused', { status: 401, body: {} }],
    ['a provider that is down', 'tokens/exchange-unavailable', { status: 503, body: {} }],
    ['an odd answer', 'tokens/exchange-refused', { status: 200, body: '<html>' }],
  ])('is not told by %s', async (_title, code, fault) => {
    rig().nector.faults.respond({ path: /leads/ }, fault)
    const answers = []
    for (const customer of [ALICE.customer, '999999']) {
      clock.advance(60 * MINUTE)
      const answer = await own(rig(), customer)
      expect(answer.json).toMatchObject({ code })
      answers.push([answer.status, { ...answer.json, instance: null }])
    }
    rig().nector.faults.clear()
    expect(answers[0]).toEqual(answers[1])
  })
})
