/** A provider's quota, spent: never more than it grants, and fairly among those who call. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Received } from '../../sandbox/emulators/received.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { startRig } from '../support/rig.ts'
import type { Answer, Rig, RigOptions } from '../support/rig.ts'
import { sentDuring } from '../support/sent.ts'

const MINUTE = 60_000
const base = '/nector/api/v2/merchant'
const triggers = `${base}/triggers`

let clock: FakeClock
let rig: Rig
afterEach(() => rig.close())

/** Published quotas, enforced by the emulators, sessions that last, and a clock of our own. */
async function start(
  change: (yaml: string) => string = (yaml) => yaml,
  options: RigOptions = {},
): Promise<void> {
  clock = createFakeClock()
  rig = await startRig({
    clock,
    random: () => 0,
    nector: { quotas: true, callsPerMinute: 40, leads: shoppers },
    neuroon: { quotas: true },
    configure: (yaml) =>
      change(yaml.replaceAll('        budget: off\n', '').replace('ttl: 1h', 'ttl: 24h')),
    ...options,
  })
}

const shoppers = Array.from({ length: 30 }, (_, index) => ({
  id: `aaaaaaaa-0000-4000-8000-${String(index).padStart(12, '0')}`,
  customerId: `shopify-${2_000 + index}`,
  name: `Shopper ${index}`,
  available: 1,
}))

const nector = (budget: string) => (yaml: string) =>
  yaml.replace('customer: shopify\n', `customer: shopify\n        budget: ${budget}\n`)

describe('the upstream never sees more than its quota', () => {
  test('of a key, over any minute: look-ups, reads and content together', async () => {
    await start()
    const tokens = await Promise.all(shoppers.slice(0, 8).map((_, index) => login(index)))
    for (let step = 0; step < 60; step++) {
      await Promise.all([
        ...tokens.map((as) => rig.call(`${base}/leads/me`, { as })),
        rig.call(`${triggers}?page=${step}`),
      ])
      clock.advance(7_000)
    }
    const { received } = rig.nector
    expect(received.filter(({ status }) => status === 429)).toEqual([])
    for (const key of new Set(received.map(keyOf))) {
      const at = received.filter((call) => keyOf(call) === key).map((call) => call.at)
      expect(mostWithin(at, MINUTE)).toBeLessThanOrEqual(40)
    }
    expect(received.length).toBeGreaterThan(7 * 36)
  })

  test('of a route and a token', async () => {
    await start()
    const statuses: number[] = []
    for (let step = 0; step < 40; step++) {
      const answer = await rig.call(`/api/widget/compare?productIds=fk-101,fk-102&n=${step}`)
      statuses.push(answer.status)
      clock.advance(2_000)
    }
    expect(rig.neuroon.received.filter(({ status }) => status === 429)).toEqual([])
    expect(statuses.filter((status) => status === 200)).toHaveLength(20)
    // Another route has a quota of its own.
    expect((await rig.call('/api/widget/search?q=tent')).status).toBe(200)
  })
})

describe('503 upstream/over-budget', () => {
  test('says when it is worth coming back, and then it is', async () => {
    await start(nector('{ calls: 3, per: 1m }'))
    for (const page of [1, 2, 3]) {
      expect((await rig.call(`${triggers}?page=${page}`)).status).toBe(200)
      clock.advance(10_000)
    }
    const refused = await rig.call(`${triggers}?page=4`)
    expect(refused.status).toBe(503)
    expect(refused.json).toMatchObject({ code: 'upstream/over-budget' })
    expect(refused.headers['retry-after']).toBe('30')
    clock.advance(30_000)
    expect((await rig.call(`${triggers}?page=4`)).status).toBe(200)
  })

  test('is what a look-up gets as well', async () => {
    await start(nector('{ calls: 1, per: 1m }'))
    const [first, second] = [await login(0), await login(1)]
    expect((await rig.call(`${base}/leads/me`, { as: first })).status).toBe(503)
    const sent = await sentDuring(rig.nector, async () => {
      const answer = await rig.call(`${base}/leads/me`, { as: second })
      expect(answer.json).toMatchObject({ code: 'upstream/over-budget' })
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(50)
    })
    expect(sent).toEqual([])
  })

  test('is not said where the budget only observes', async () => {
    await start(nector('{ calls: 1, per: 1m, observe: true }'))
    for (const page of [1, 2, 3]) await expectServed(`${triggers}?page=${page}`)
    const metrics = await (await fetch(`${rig.gateway.adminUrl}/metrics`)).text()
    expect(metrics).toContain('gatehouse_budget_over_total{provider="nector",bucket="*"} 2')
    expect(metrics).toMatch(/gatehouse_budget_left\{provider="nector",key="\w{8}",bucket="\*"\} 0/)
  })

  test('is not said where the budget is off', async () => {
    await start(nector('off'), { nector: {} })
    for (let page = 1; page <= 60; page++) await expectServed(`${triggers}?page=${page}`)
  })
})

describe('429 of the upstream', () => {
  test.each([
    ['the published quotas', (yaml: string) => yaml],
    ['budget: off', nector('off')],
  ])('is passed on and obeyed, with %s', async (_what, change) => {
    await start(change)
    const headers = { 'retry-after': '30' }
    rig.nector.faults.respond({ path: /triggers/ }, { status: 429, headers, times: 1 })
    const first = await rig.call(triggers)
    expect([first.status, first.headers['retry-after']]).toEqual([429, '30'])

    clock.advance(10_000)
    const sent = await sentDuring(rig.nector, async () => {
      const held = await rig.call(triggers)
      expect(held.json).toMatchObject({ code: 'upstream/over-budget' })
      expect([held.status, held.headers['retry-after']]).toEqual([503, '20'])
    })
    expect(sent).toEqual([])
    clock.advance(20_000)
    await expectServed(triggers)
  })
})

describe('fairness over an hour', () => {
  async function hour(
    tokens: readonly string[],
    calls: (step: number, caller: number) => number,
    seconds: number,
  ): Promise<number[]> {
    const served = tokens.map(() => 0)
    for (let step = 0; step * seconds < 3_600; step++) {
      const each = tokens.map(async (as, caller) => {
        const asked = Array.from({ length: calls(step, caller) }, (_, index) =>
          // Different pages, so that none shares another’s answer.
          rig.call(`${base}/activities?page=${index + 1}`, { as }),
        )
        for (const answer of await Promise.all(asked)) {
          if (answer.status === 200) served[caller]! += 1
        }
      })
      await Promise.all(each)
      clock.advance(seconds * 1_000)
    }
    return served
  }

  test('who all want more than there is are served equally, within one call', async () => {
    await start()
    const tokens = await loginAll(23)
    const served = await hour(tokens, () => 1, 20)
    expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(1)
    expect(rig.nector.received.filter(({ status }) => status === 429)).toEqual([])
  })

  test('a greedy caller changes the others by five per cent at most', async () => {
    const light = async (isGreedy: boolean) => {
      await start()
      const tokens = await loginAll(11)
      const served = await hour(
        tokens,
        (_step, caller) => (caller === 0 ? (isGreedy ? 25 : 0) : 1),
        20,
      )
      return served.slice(1).reduce((sum, one) => sum + one)
    }
    const alone = await light(false)
    await rig.close()
    expect(await light(true)).toBeGreaterThanOrEqual(alone * 0.95)
  })

  /** Logged in, and known to the gateway: the look-ups have been made. */
  async function loginAll(count: number): Promise<readonly string[]> {
    const tokens = await Promise.all(Array.from({ length: count }, (_, index) => login(index)))
    for (const as of tokens) {
      await rig.call(`${base}/leads/me`, { as })
      clock.advance(3_100)
    }
    clock.advance(2 * MINUTE)
    return tokens
  }
})

function login(index: number): Promise<string> {
  return rig.session(String(2_000 + index))
}

async function expectServed(path: string): Promise<Answer> {
  const answer = await rig.call(path)
  expect(answer.status).toBe(200)
  return answer
}

function keyOf({ headers }: Received): string {
  return headers['x-apikey'] ?? ''
}

function mostWithin(moments: readonly number[], per: number): number {
  return Math.max(
    0,
    ...moments.map((from) => moments.filter((at) => at >= from && at < from + per).length),
  )
}
