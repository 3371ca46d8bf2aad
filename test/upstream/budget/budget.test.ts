import { fc, test as property } from '@fast-check/vitest'
import { beforeEach, describe, expect, test } from 'vitest'
import { Problem } from '../../../src/problem.ts'
import type { AnswerHead } from '../../../src/provider.ts'
import { Budget } from '../../../src/upstream/budget/budget.ts'
import type { BudgetRule, Lease } from '../../../src/upstream/budget/budget.ts'
import type { Priority } from '../../../src/upstream/budget/priority.ts'
import { createVirtualTime } from './virtual.ts'
import type { VirtualTime } from './virtual.ts'

const MINUTE = 60_000
const ok: AnswerHead = { status: 200, headers: {} }
const [EXCHANGE, WRITE, READ, CONTENT] = [0, 1, 2, 3] as const

let time: VirtualTime
let over: number
/** When each call that was allowed was sent. */
let sentAt: number[]
beforeEach(() => {
  time = createVirtualTime()
  over = 0
  sentAt = []
})

function budgetOf(rule: Partial<BudgetRule> = {}): Budget {
  return new Budget(
    { calls: 40, per: MINUTE, observe: false, ...rule },
    { ...time, title: 'Nector', onOver: () => (over += 1) },
  )
}

/** A call that is answered at once; the problem where it is refused. */
async function call(
  budget: Budget,
  caller = 'anna',
  priority: Priority = READ,
  head = ok,
): Promise<Problem | null> {
  try {
    const entered = budget.enter(caller, priority)
    const lease = 'lease' in entered ? await entered.lease : entered
    sentAt.push(time.clock.monotonic())
    lease.answered(head)
    return null
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}

async function calls(budget: Budget, count: number, caller?: string): Promise<number> {
  const outcomes = await Promise.all(Array.from({ length: count }, () => call(budget, caller)))
  return outcomes.filter((problem) => problem === null).length
}

function lease(entered: ReturnType<Budget['enter']>): Lease {
  if ('lease' in entered) throw new Error('it waits')
  return entered
}

describe('the quota', () => {
  test('is all of it for whoever is alone, and no more', async () => {
    expect(await calls(budgetOf({ calls: 10 }), 25)).toBe(10)
  })

  test('is never exceeded over any minute, not only over a minute of the clock', async () => {
    const budget = budgetOf()
    for (let second = 0; second < 300; second++) {
      for (let index = 0; index < 3; index++) void call(budget)
      await time.pass(1_000)
    }
    expect(sentAt.length).toBeGreaterThanOrEqual(38 * 5)
    expect(mostWithin(sentAt, MINUTE)).toBeLessThanOrEqual(40)
  })

  property.prop([
    fc.integer({ min: 1, max: 12 }),
    fc.array(
      fc.tuple(fc.nat({ max: 15_000 }), fc.nat({ max: 9_000 }), fc.nat({ max: 5 }), fc.nat(3)),
      { maxLength: 150 },
    ),
  ])('holds however long answers take, whoever calls: %s', async (limit, steps) => {
    const virtual = createVirtualTime()
    const budget = new Budget(
      { calls: limit, per: MINUTE, observe: false },
      { ...virtual, title: 'Nector', onOver: () => undefined },
    )
    // The upstream sees a call at some moment between its sending and its answer.
    const seenAt: number[] = []
    for (const [pause, took, caller, priority] of steps) {
      await virtual.pass(pause)
      const send = async () => {
        const entered = budget.enter(`caller ${caller}`, priority as Priority)
        const lease = 'lease' in entered ? await entered.lease : entered
        const sentAt = virtual.clock.monotonic()
        virtual.schedule(took, () => {
          seenAt.push(sentAt + Math.floor(took * ((caller + 1) / 6)))
          lease.answered(ok)
        })
      }
      void send().catch(() => undefined)
    }
    await virtual.pass(100_000)
    expect(mostWithin(seenAt, MINUTE)).toBeLessThanOrEqual(limit)
  })

  test('counts a call that failed: it may have arrived', async () => {
    const budget = budgetOf({ calls: 1 })
    lease(budget.enter('anna', READ)).failed()
    expect(await call(budget)).not.toBeNull()
  })

  test('does not count a call that was never sent', async () => {
    const budget = budgetOf({ calls: 1 })
    lease(budget.enter('anna', READ)).cancel()
    expect(await call(budget)).toBeNull()
  })

  test('only watches where it observes', async () => {
    expect(await calls(budgetOf({ calls: 10, observe: true }), 25)).toBe(25)
    expect(over).toBe(15)
  })
})

describe('a refusal', () => {
  test('is 503 upstream/over-budget, and the seconds it names are honest', async () => {
    const budget = budgetOf({ calls: 2 })
    await call(budget)
    await time.pass(20_500)
    await call(budget)
    const refused = await call(budget)
    expect(refused).toMatchObject({ code: 'upstream/over-budget', status: 503, retryAfter: 40 })
    await time.pass(39_000)
    await time.pass(1_000)
    expect(await call(budget)).toBeNull()
  })

  test('comes at once where waiting would take longer than a second and a half', async () => {
    const budget = budgetOf({ calls: 1 })
    await call(budget)
    await time.pass(58_000)
    expect(() => budget.enter('anna', READ)).toThrow(Problem)
    await time.pass(1_000)
    expect('lease' in budget.enter('anna', READ)).toBe(true)
  })
})

describe('the queue', () => {
  async function almostFree(calls = 1): Promise<Budget> {
    const budget = budgetOf({ calls })
    for (let index = 0; index < calls; index++) await call(budget, 'somebody')
    await time.pass(59_000)
    return budget
  }

  test('serves a call as soon as there is room', async () => {
    const budget = await almostFree()
    const waiting = call(budget)
    await time.pass(1_000)
    expect(await waiting).toBeNull()
  })

  test('serves a token exchange before a checkout, that before a read, and content last', async () => {
    const budget = await almostFree(4)
    const served: number[] = []
    for (const priority of [CONTENT, READ, WRITE, EXCHANGE]) {
      void call(budget, 'anna', priority).then(() => served.push(priority))
    }
    await time.pass(1_000)
    expect(served).toEqual([EXCHANGE, WRITE, READ, CONTENT])
  })

  test('serves who was served least before', async () => {
    const budget = budgetOf({ calls: 4 })
    for (const caller of ['light', 'heavy', 'heavy', 'heavy']) await call(budget, caller)
    await time.pass(59_500)
    const served: string[] = []
    for (const caller of ['heavy', 'heavy', 'light']) {
      void call(budget, caller).then(() => served.push(caller))
    }
    await time.pass(600)
    expect(served[0]).toBe('light')
  })

  test('does not keep anybody longer than a second and a half', async () => {
    const budget = await almostFree()
    const [first, second] = [call(budget, 'anna'), call(budget, 'bert')]
    await time.pass(1_600)
    expect([await first, await second].filter((problem) => problem === null)).toHaveLength(1)
  })

  test('forgets a caller that has gone', async () => {
    const budget = await almostFree()
    const entered = budget.enter('anna', READ)
    if (!('lease' in entered)) throw new Error('it does not wait')
    const gone = new Problem('downstream/malformed', 'The caller hung up.')
    entered.abandon(gone)
    await expect(entered.lease).rejects.toBe(gone)
    await time.pass(1_000)
    expect(await call(budget, 'bert')).toBeNull()
  })
})

describe('what the upstream says', () => {
  test.each([
    ['seconds', { 'retry-after': '30' }, 30],
    ['a date', dates(30_000), 30],
    ['nothing', {}, 5],
    ['something absurd', { 'retry-after': '999999999' }, 3_600],
    ['a date long ago', dates(-1_000_000), 1],
    ['nonsense', { 'retry-after': 'soon' }, 5],
  ])('429 with %s holds all calls back that long', async (_what, headers, seconds) => {
    const budget = budgetOf()
    await call(budget, 'anna', READ, { status: 429, headers })
    expect(await call(budget, 'bert', EXCHANGE)).toMatchObject({ retryAfter: seconds })
    await time.pass(seconds * 1000)
    expect(await call(budget, 'bert')).toBeNull()
  })

  test('that less is left than we thought: somebody else has the same key', async () => {
    const budget = budgetOf({ calls: 30 })
    await call(budget, 'anna', READ, { status: 200, headers: { 'x-ratelimit-remaining': '3' } })
    expect(await calls(budget, 10)).toBe(3)
  })

  test('that the limit is lower than published', async () => {
    const budget = budgetOf()
    await call(budget, 'anna', READ, { status: 200, headers: { 'x-ratelimit-limit': '5' } })
    expect(await calls(budget, 10)).toBe(4)
  })

  test('that it is higher changes nothing: nobody says over which time', async () => {
    const budget = budgetOf({ calls: 5 })
    const headers = { 'x-ratelimit-limit': '500', 'x-ratelimit-remaining': '499' }
    await call(budget, 'anna', READ, { status: 200, headers })
    expect(await calls(budget, 10)).toBe(4)
  })

  test.each(['-1', 'many', '1e3', ''])('a limit of %j says nothing', async (value) => {
    const budget = budgetOf({ calls: 5 })
    const headers = { 'x-ratelimit-limit': value, 'x-ratelimit-remaining': value }
    await call(budget, 'anna', READ, { status: 200, headers })
    expect(await calls(budget, 10)).toBe(4)
  })
})

describe('fairness', () => {
  async function count(budget: Budget, caller: string, served: Map<string, number>): Promise<void> {
    if ((await call(budget, caller)) !== null) return
    served.set(caller, (served.get(caller) ?? 0) + 1)
  }

  /** Everybody calls every second, in this order; how often each was served. */
  async function saturate(
    callers: readonly string[],
    seconds: number,
  ): Promise<Map<string, number>> {
    const budget = budgetOf()
    const served = new Map(callers.map((caller) => [caller, 0]))
    for (let second = 0; second < seconds; second++) {
      for (const caller of callers) {
        void count(budget, caller, served)
      }
      await time.pass(1_000)
    }
    return served
  }

  test.each([2, 7, 40, 60, 97])(
    '%i callers who all want more than there is get the same within one, over an hour',
    async (count) => {
      const callers = Array.from({ length: count }, (_, index) => `caller ${index}`)
      const served = [...(await saturate(callers, 3_600)).values()]
      expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(1)
      expect(served.reduce((sum, one) => sum + one)).toBeGreaterThanOrEqual(60 * 36)
    },
  )

  test.each([
    [20_000, 10],
    [30_000, 15],
    [8_000, 3],
  ])('one greedy caller changes the others by 5 % at most: every %i ms', async (every, count) => {
    const light = Array.from({ length: count }, (_, index) => `light ${index}`)
    const servedWith = async (isGreedy: boolean): Promise<number> => {
      time = createVirtualTime()
      const budget = budgetOf()
      let served = 0
      for (let step = 0; step < 3_600; step++) {
        if (isGreedy) for (let index = 0; index < 20; index++) void call(budget, 'greedy')
        for (const [index, caller] of light.entries()) {
          if ((step * 1000 + index * 700) % every >= 1000) continue
          void call(budget, caller).then((problem) => (served += problem === null ? 1 : 0))
        }
        await time.pass(1_000)
      }
      return served
    }
    const [alone, together] = [await servedWith(false), await servedWith(true)]
    expect(together).toBeGreaterThanOrEqual(alone * 0.95)
  })

  test('a crowd of callers costs no more memory than some thousands', async () => {
    const budget = budgetOf({ calls: 1_000 })
    for (let index = 0; index < 20_000; index++) await call(budget, `caller ${index}`)
    // What is left is kept for what is more urgent than a read.
    expect(budget.free).toBe(50)
  })
})

function mostWithin(moments: readonly number[], per: number): number {
  const sorted = moments.toSorted((a, b) => a - b)
  return Math.max(
    0,
    ...sorted.map((from) => sorted.filter((at) => at >= from && at < from + per).length),
  )
}

function dates(ahead: number): Record<string, string> {
  const sent = Date.parse('2026-11-01T00:00:00Z')
  const date = (at: number) => new Date(at).toUTCString()
  return { date: date(sent), 'retry-after': date(sent + ahead) }
}
