/** Answers that are kept for a moment, so that fewer calls go upstream. */
import { afterEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { ALICE, BOB, keys, startRig } from '../support/rig.ts'
import type { CallOptions, Rig, RigOptions } from '../support/rig.ts'
import { sentDuring } from '../support/sent.ts'

const trending = '/api/widget/trending'
const reviews = '/nector/api/v2/merchant/reviews'
const mine = '/nector/api/v2/merchant/leads/me'
/** Node sends no header for an empty list: the emulators’ own cookies go away. */
const noCookies = { 'set-cookie': [] }

let clock: FakeClock
let rig: Rig
afterEach(() => rig.close())

async function start(options: RigOptions = {}): Promise<void> {
  clock = createFakeClock()
  rig = await startRig({ clock, random: () => 0, ...options })
}

/** What the emulators answer from now on. */
function respond(headers: Record<string, string | string[]> = {}, status = 200): void {
  for (const emulator of [rig.neuroon, rig.nector]) {
    emulator.faults.clear()
    const body = '{"data":"their own words"}'
    emulator.faults.respond({}, { status, headers: { ...noCookies, ...headers }, body })
  }
}

/** How many calls went upstream. */
async function sent(path: string, how: CallOptions = {}): Promise<number> {
  const emulator = path.startsWith('/nector') ? rig.nector : rig.neuroon
  return (await sentDuring(emulator, () => rig.call(path, how).then(() => undefined))).length
}

describe('content', () => {
  test('is asked for once in its time, and tells its age', async () => {
    await start()
    respond({ 'content-type': 'application/json' })
    expect(await sent(trending)).toBe(1)
    clock.advance(90_000)
    const answer = await rig.call(trending)
    expect(answer.text).toBe('{"data":"their own words"}')
    expect(answer.headers).toMatchObject({
      age: '90',
      'cache-status': 'gatehouse; hit',
      'content-type': 'application/json',
    })
    expect(await sent(trending)).toBe(0)
    clock.advance(210_000)
    expect(await sent(trending)).toBe(1)
  })

  test('is one answer for all shoppers, which no shared cache may keep', async () => {
    await start()
    respond()
    expect(await sent(reviews, { as: await rig.session(ALICE.customer) })).toBe(1)
    const answer = await rig.call(reviews, { as: await rig.session(BOB.customer) })
    expect(answer.headers).toMatchObject({
      'cache-control': 'private, no-store',
      'cache-status': 'gatehouse; hit',
    })
    expect(await sent(reviews)).toBe(0)
  })

  test('is another one with another query, language or coding', async () => {
    await start()
    respond()
    for (const [path, headers] of [
      [trending, {}],
      [`${trending}?lang=de`, {}],
      [trending, { 'accept-language': 'de' }],
      [trending, { 'accept-encoding': 'gzip' }],
    ] as const) {
      expect(await sent(path, { headers })).toBe(1)
      expect(await sent(path, { headers })).toBe(0)
    }
  })

  test('is 304 for whoever has it already', async () => {
    await start()
    respond({ etag: '"v1"' })
    await rig.call(trending)
    const answer = await rig.call(trending, { headers: { 'if-none-match': 'W/"v0", W/"v1"' } })
    expect([answer.status, answer.text]).toEqual([304, ''])
    const other = await rig.call(trending, { headers: { 'if-none-match': '"v0"' } })
    expect([other.status, other.headers['cache-status']]).toEqual([200, 'gatehouse; hit'])
  })

  test('is not kept where the storefront wants nothing kept', async () => {
    await start({ configure: (yaml) => yaml.replace('limits: off', 'limits: off\n    cache: off') })
    respond()
    expect(await sent(trending)).toBe(1)
    expect(await sent(trending)).toBe(1)
  })

  test.each([
    { 'cache-control': 'no-store' },
    { 'cache-control': 'private' },
    { 'cache-control': 'max-age=0' },
    { 'set-cookie': ['sid=1'] },
    { vary: '*' },
  ] as Record<string, string | string[]>[])('is not kept with %j', async (headers) => {
    await start()
    respond(headers)
    expect(await sent(trending)).toBe(1)
    expect(await sent(trending)).toBe(1)
  })

  test.each([404, 429, 500])('is not kept where it is a %i', async (status) => {
    await start()
    respond({ 'retry-after': '1' }, status)
    expect(await sent(trending)).toBe(1)
    clock.advance(2_000)
    expect(await sent(trending)).toBe(1)
  })

  test('is kept as long as the upstream says', async () => {
    await start()
    respond({ 'cache-control': 'max-age=10' })
    await rig.call(trending)
    clock.advance(9_999)
    expect(await sent(trending)).toBe(0)
    clock.advance(1)
    expect(await sent(trending)).toBe(1)
  })

  test('F2: is not kept where it broke off', async () => {
    await start()
    respond()
    rig.neuroon.faults.cut({}, 'mid-body', { times: 1 })
    await expect(rig.call(trending)).rejects.toThrow()
    expect(await sent(trending)).toBe(1)
  })

  test('is searched for every time: each answer has a searchLogId of its own', async () => {
    await start()
    respond({ 'cache-control': 'max-age=3600' })
    expect(await sent('/api/widget/search?q=tent')).toBe(1)
    expect(await sent('/api/widget/search?q=tent')).toBe(1)
  })
})

describe('content that has become old', () => {
  async function old(headers: Record<string, string> = {}): Promise<void> {
    await start()
    respond(headers)
    await rig.call(trending)
    clock.advance(310_000)
  }

  test.each([
    ['answers 500', () => respond({}, 500)],
    ['answers 429', () => respond({}, 429)],
    ['cuts the connection', () => rig.neuroon.faults.cut({}, 'before-headers')],
  ])('is served while the upstream %s, and no longer than its time', async (_what, fail) => {
    await old()
    fail()
    const answer = await rig.call(trending)
    expect(answer.status).toBe(200)
    expect(answer.text).toBe('{"data":"their own words"}')
    expect(answer.headers).toMatchObject({ 'cache-status': 'gatehouse; hit; detail=stale' })
    clock.advance(3_000_000)
    expect((await rig.call(trending)).status).toBeGreaterThanOrEqual(429)
  })

  test('is not served where the upstream forbids it', async () => {
    await old({ 'cache-control': 'max-age=60, must-revalidate' })
    respond({}, 500)
    expect((await rig.call(trending)).status).toBe(500)
  })

  test('gives way to a new answer as soon as there is one', async () => {
    await old()
    respond({}, 500)
    await rig.call(trending)
    respond({ 'x-any': 'new' })
    expect(await sent(trending)).toBe(1)
    expect(await sent(trending)).toBe(0)
  })
})

describe('a shopper’s own reads', () => {
  const own = (yaml: string) => yaml.replace('limits: off', 'limits: off\n    cache: { own: 5s }')

  test('are not kept', async () => {
    await start()
    const as = await rig.session(ALICE.customer)
    await rig.call(mine, { as })
    respond()
    expect(await sent(mine, { as })).toBe(1)
    expect(await sent(mine, { as })).toBe(1)
  })

  describe('where the storefront asks for it', () => {
    async function begin(): Promise<{ alice: string; bob: string }> {
      const allow = '        allow: ["POST /reviews"]\n'
      await start({
        configure: (yaml) => own(yaml).replace(/( +)keys:\n( +)storefront/, `${allow}$&`),
      })
      const [alice, bob] = [await rig.session(ALICE.customer), await rig.session(BOB.customer)]
      for (const as of [alice, bob]) await rig.call(mine, { as })
      respond()
      return { alice, bob }
    }

    test('are kept for that shopper alone, for seconds', async () => {
      const { alice, bob } = await begin()
      expect(await sent(mine, { as: alice })).toBe(1)
      expect(await sent(mine, { as: alice })).toBe(0)
      expect(await sent(mine, { as: bob })).toBe(1)
      clock.advance(5_000)
      expect(await sent(mine, { as: alice })).toBe(1)
    })

    test('are dropped when the shopper changes something', async () => {
      const { alice, bob } = await begin()
      for (const as of [alice, bob]) await rig.call(mine, { as })
      await rig.call(reviews, { method: 'POST', as: alice, json: { title: 'good' } })
      expect(await sent(mine, { as: alice })).toBe(1)
      expect(await sent(mine, { as: bob })).toBe(0)
    })

    test('are never served old', async () => {
      const { alice } = await begin()
      await rig.call(mine, { as: alice })
      clock.advance(6_000)
      respond({}, 500)
      expect((await rig.call(mine, { as: alice })).status).toBe(500)
    })

    test('a server’s own reads are not', async () => {
      await begin()
      const path = '/nector/api/v2/merchant/coupons?lead_id=x'
      expect(await sent(path, { as: keys.backend })).toBe(1)
      expect(await sent(path, { as: keys.backend })).toBe(1)
    })
  })
})
