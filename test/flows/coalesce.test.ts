/** Identical reads that arrive together, and make one call. */
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Received } from '../../sandbox/emulators/received.ts'
import { ALICE, BOB, startRig } from '../support/rig.ts'
import type { Answer, CallOptions, Rig } from '../support/rig.ts'
import { sentDuring } from '../support/sent.ts'

const trending = '/api/widget/trending'
const search = '/api/widget/search?q=tent'
const mine = '/nector/api/v2/merchant/leads/me'

let rig: Rig
let alice: string
let bob: string
beforeEach(async () => {
  rig = await startRig()
  alice = await rig.session(ALICE.customer)
  bob = await rig.session(BOB.customer)
  for (const as of [alice, bob]) await rig.call(mine, { as })
  // Long enough for all of them to have arrived.
  for (const emulator of [rig.neuroon, rig.nector]) emulator.faults.delay({}, 500)
})
afterEach(() => rig.close())

async function together(
  calls: readonly (readonly [path: string, how?: CallOptions])[],
): Promise<{ answers: Answer[]; sent: readonly Received[] }> {
  let answers: Answer[] = []
  const all = async () => {
    answers = await Promise.all(calls.map(([path, how]) => rig.call(path, how)))
  }
  const neuroon: Received[] = []
  const nector = await sentDuring(rig.nector, async () => {
    neuroon.push(...(await sentDuring(rig.neuroon, all)))
  })
  return { answers, sent: [...neuroon, ...nector] }
}

const times = <Value>(count: number, value: Value) => Array.from({ length: count }, () => value)

describe('one call upstream', () => {
  test('for one shopper’s identical reads, each with a request id of its own', async () => {
    const { answers, sent } = await together(times(10, [mine, { as: alice }] as const))
    expect(sent).toHaveLength(1)
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers.map(({ status }) => status)).toEqual(times(10, 200))
    expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(10)
    expect(answers.every(({ headers }) => headers['cache-control'] === 'private, no-store')).toBe(
      true,
    )
    expect(answers.every(({ headers }) => !('set-cookie' in headers))).toBe(true)
  })

  test('for the same content, whoever asks', async () => {
    const { sent } = await together([
      [trending],
      [trending, { as: alice }],
      [trending, { as: bob }],
    ])
    expect(sent).toHaveLength(1)
  })

  test('also where it fails: all get the same answer', async () => {
    rig.nector.faults.respond({}, { status: 500, body: 'their own words' })
    const { answers, sent } = await together(times(5, [mine, { as: alice }] as const))
    expect(sent).toHaveLength(1)
    expect(answers.map(({ text }) => text)).toEqual(times(5, 'their own words'))
  })
})

describe('a call each', () => {
  test('T20: for two shoppers', async () => {
    const { answers, sent } = await together([
      [mine, { as: alice }],
      [mine, { as: bob }],
    ])
    expect(sent).toHaveLength(2)
    expect(answers[0]?.text).toContain(ALICE.id)
    expect(answers[1]?.text).toContain(BOB.id)
  })

  test.each([
    ['searches', [search], [search]],
    ['another query', [`${trending}?limit=1`], [`${trending}?limit=2`]],
    ['another language', [trending], [trending, { headers: { 'accept-language': 'de' } }]],
    [
      'another source',
      [mine, { headers: { 'x-source': 'web' } }],
      [mine, { headers: { 'x-source': 'mobile' } }],
    ],
    [
      'parts',
      [trending, { headers: { range: 'bytes=0-1' } }],
      [trending, { headers: { range: 'bytes=0-1' } }],
    ],
    ['HEAD', [trending, { method: 'HEAD' }], [trending, { method: 'HEAD' }]],
  ] as [string, [string, CallOptions?], [string, CallOptions?]][])(
    'for %s',
    async (_what, one, other) => {
      const as = (call: [string, CallOptions?]) => [call[0], { as: alice, ...call[1] }] as const
      expect((await together([as(one), as(other)])).sent).toHaveLength(2)
    },
  )

  test('for changes', async () => {
    const post: CallOptions = { method: 'POST', json: { query: 'tent' } }
    expect((await together(times(2, ['/api/widget/search', post] as const))).sent).toHaveLength(2)
  })

  test('for an answer of more than 64 KiB: all of it for everybody', async () => {
    const body = 'x'.repeat(100_000)
    rig.neuroon.faults.respond({}, { status: 200, body })
    const { answers, sent } = await together(times(3, [trending] as const))
    expect(answers.map(({ text }) => text.length)).toEqual(times(3, 100_000))
    expect(sent).toHaveLength(3)
  })
})

describe('F8: a caller that hangs up', () => {
  async function hangUp(path: string, after: number): Promise<void> {
    const signal = AbortSignal.timeout(after)
    await expect(request(rig.url + path, { signal })).rejects.toThrow()
  }

  test('takes nothing away from those who share its call', async () => {
    const sent = await sentDuring(rig.neuroon, async () => {
      const first = hangUp(trending, 250)
      await sleep(100)
      const second = rig.call(trending)
      await first
      expect((await second).status).toBe(200)
    })
    expect(sent).toHaveLength(1)
  })

  test('ends the call where nobody else waits for it, and the next one is made anew', async () => {
    rig.neuroon.faults.clear()
    rig.neuroon.faults.delay({}, 5_000, { times: 1 })
    await hangUp(trending, 100)
    await sleep(50)
    expect((await rig.call(trending)).status).toBe(200)
  })

  test('as the last of several, ends it, too', async () => {
    await Promise.all([hangUp(trending, 200), hangUp(trending, 250)])
    const sent = await sentDuring(rig.neuroon, async () => {
      expect((await rig.call(trending)).status).toBe(200)
    })
    expect(sent).toHaveLength(1)
  })
})
