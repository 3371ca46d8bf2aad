/** The host's clock is wrong by up to a day: at most one call fails (threats F9). */
import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../support/fake-clock.ts'
import { ALICE, BOB } from '../../support/rig.ts'
import { own, search, useRig } from './use-rig.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe.each([
  ['24 h ahead', 24 * HOUR],
  ['24 h behind', -24 * HOUR],
  ['12 min ahead', 12 * MINUTE],
  ['12 min behind', -12 * MINUTE],
])('a host clock %s', (_title, wrong) => {
  const clock = createFakeClock()
  const now = () => clock.now() - wrong
  const rig = useRig({ clock, nector: { now }, neuroon: { now } })

  test('costs one call at the most, with either provider', async () => {
    const statuses = []
    for (let round = 0; round < 5; round += 1) {
      for (const { customer } of [ALICE, BOB]) statuses.push((await own(rig(), customer)).status)
      statuses.push((await search(rig())).status)
      clock.advance(25 * MINUTE)
    }
    expect(statuses.filter((status) => status !== 200).length).toBeLessThanOrEqual(1)
  })

  test('and from then on every digest and token is accepted for two days', async () => {
    const seen = [rig().nector, rig().neuroon].map(({ received }) => received.length)
    for (let hour = 0; hour < 48; hour += 1) {
      clock.advance(HOUR)
      expect((await own(rig(), ALICE.customer)).status).toBe(200)
      expect((await search(rig())).status).toBe(200)
    }
    const sent = [rig().nector, rig().neuroon].flatMap(({ received }, index) =>
      received.slice(seen[index]),
    )
    expect(sent.filter(({ status }) => status !== 200)).toEqual([])
  })

  test('and is shown as a metric', async () => {
    const metrics = await (await fetch(`${rig().gateway.adminUrl}/metrics`)).text()
    const offsets = [...metrics.matchAll(/^gatehouse_clock_offset_seconds\{.*\} (\S+)$/gm)]
    const errors = offsets.map(([, seconds]) => Math.abs(Number(seconds) + wrong / 1000))
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toBeLessThan(2)
  })
})

describe.each([1, 5, 29, -5, -29])('a host clock %i s ahead, which is not corrected', (seconds) => {
  const clock = createFakeClock()
  const now = () => clock.now() - seconds * 1000
  const rig = useRig({ clock, nector: { now }, neuroon: { now } })

  test('fails no call: after the first refusal nothing is dated ahead', async () => {
    for (let hour = 0; hour < 4; hour += 1) {
      for (const { customer } of [ALICE, BOB]) {
        expect((await own(rig(), customer)).status).toBe(200)
      }
      expect((await search(rig())).status).toBe(200)
      clock.advance(HOUR)
    }
    const refused = rig().nector.received.filter(({ status }) => status === 401)
    expect(refused.length).toBeLessThanOrEqual(1)
  })
})

describe('a host clock that jumps', () => {
  const clock = createFakeClock()
  let jump = 0
  const host = { now: () => clock.now() + jump, monotonic: () => clock.monotonic() }
  const now = () => clock.now()
  const rig = useRig({ clock: host, nector: { now }, neuroon: { now } })

  test.each([0, 24 * HOUR, -24 * HOUR, 3 * HOUR, 0])('by %i ms is followed', async (wrong) => {
    jump = wrong
    clock.advance(2 * HOUR)
    const statuses = []
    for (let call = 0; call < 4; call += 1) {
      statuses.push((await own(rig(), ALICE.customer)).status, (await search(rig())).status)
    }
    // Sessions are judged by our own clock alone: each is new, so that they are good.
    expect(statuses.filter((status) => status !== 200).length).toBeLessThanOrEqual(1)
    clock.advance(26 * HOUR)
  })
})
