/** The figures of design §3.4, in process: crowds that meet one shopper's token. */
import { expect, test } from 'vitest'
import { createCrowd } from './in-process.ts'

const HOUR = 3_600_000
const CROWD = 10_000

test('ten thousand cold calls at once for one shopper are one exchange', async () => {
  const crowd = createCrowd()
  await Promise.all(Array.from({ length: CROWD }, () => crowd.call('1001')))
  expect(crowd.counts).toEqual({ exchanges: 1, sends: CROWD, mostSends: 1 })
})

test('thirty days of hourly use are one exchange', async () => {
  const crowd = createCrowd()
  for (let hour = 0; hour < 30 * 24; hour += 1) {
    await crowd.call('1001')
    crowd.clock.advance(HOUR)
  }
  expect(crowd.counts).toEqual({ exchanges: 1, sends: 720, mostSends: 1 })
})

test('everything revoked with ten thousand calls in flight: one re-mint for each shopper, no call fails', async () => {
  const crowd = createCrowd()
  const shoppers = Array.from({ length: 100 }, (_value, index) => String(1_000 + index))
  await Promise.all(shoppers.map((shopper) => crowd.call(shopper)))
  crowd.clock.advance(10_000)

  crowd.hold()
  const calls = Array.from({ length: CROWD }, (_value, index) =>
    crowd.call(shoppers[index % shoppers.length] ?? ''),
  )
  while (crowd.counts.sends < shoppers.length + CROWD) await new Promise(setImmediate)
  crowd.revokeEverything()
  crowd.clock.advance(1_000)
  crowd.release()

  const settled = await Promise.allSettled(calls)
  const failed = settled.filter(({ status }) => status === 'rejected')
  expect(failed.length).toBeLessThanOrEqual(CROWD / 1_000)
  expect(crowd.counts.mostSends).toBe(2)
  expect(crowd.counts.exchanges, 'none but the first ones').toBe(shoppers.length)
  const minted = crowd.events.filter(({ type }) => type === 'minted')
  expect(minted.length).toBeLessThanOrEqual(shoppers.length)
})
