import { beforeEach, describe, expect, test } from 'vitest'
import { Problem } from '../../src/problem.ts'
import { Breaker } from '../../src/upstream/breaker.ts'
import { Bulkhead } from '../../src/upstream/bulkhead.ts'
import { codeOf } from '../support/code-of.ts'

let breaker: Breaker
let now: number
let changes: boolean[]
beforeEach(() => {
  changes = []
  breaker = new Breaker('Nector', (isOpen) => changes.push(isOpen))
  now = 1_000_000
})

function calls(count: number, outcome: 'succeeded' | 'failed'): void {
  for (let index = 0; index < count; index++) breaker[outcome](breaker.enter(now), now)
}
const isOpen = () => codeOf(() => breaker.check(now)) === 'upstream/circuit-open'

describe('opens', () => {
  test('at the twentieth call where all fail', () => {
    calls(19, 'failed')
    expect(isOpen()).toBe(false)
    calls(1, 'failed')
    expect(isOpen()).toBe(true)
    expect(changes).toEqual([true])
  })

  test('where half fail, and not where fewer do', () => {
    calls(11, 'succeeded')
    calls(10, 'failed')
    expect(isOpen()).toBe(false)
    calls(1, 'failed')
    expect(isOpen()).toBe(true)
  })

  test('not for failures that are longer than ten seconds apart', () => {
    for (let index = 0; index < 60; index++) {
      calls(1, 'failed')
      now += 600
    }
    expect(isOpen()).toBe(false)
  })

  test('not for what happened before a quiet time', () => {
    calls(19, 'failed')
    now += 3_600_000
    calls(1, 'failed')
    expect(isOpen()).toBe(false)
  })
})

describe('while open', () => {
  beforeEach(() => calls(20, 'failed'))

  test('the problem is 503 and says when to come back', () => {
    expect(problem()).toMatchObject({ status: 503, code: 'upstream/circuit-open', retryAfter: 2 })
  })

  test('one probe is let through every two seconds', () => {
    now += 1_999
    expect(isOpen()).toBe(true)
    now += 1
    breaker.enter(now)
    expect(isOpen()).toBe(true)
  })

  test('a probe that succeeds closes it', () => {
    now += 2_000
    breaker.succeeded(breaker.enter(now), now)
    expect(isOpen()).toBe(false)
    expect(changes).toEqual([true, false])
    // What failed before counts no more.
    calls(19, 'failed')
    expect(isOpen()).toBe(false)
  })

  test('a probe that fails changes nothing, and the next is sent two seconds later', () => {
    now += 2_000
    breaker.failed(breaker.enter(now), now)
    expect(isOpen()).toBe(true)
    now += 2_000
    expect(isOpen()).toBe(false)
  })

  test('a probe that hangs does not hold up the next one: closed within 5 s of being well', () => {
    now += 2_000
    breaker.enter(now)
    now += 2_000
    breaker.succeeded(breaker.enter(now), now)
    expect(isOpen()).toBe(false)
  })

  test('a probe whose caller hung up says nothing', () => {
    now += 2_000
    breaker.enter(now)
    expect(isOpen()).toBe(true)
    now += 2_000
    expect(isOpen()).toBe(false)
  })

  function problem(): unknown {
    try {
      breaker.check(now)
      return null
    } catch (error) {
      return error
    }
  }
})

test('calls sent before it opened neither close it nor open it again', () => {
  const early = Array.from({ length: 40 }, () => breaker.enter(now))
  calls(20, 'failed')
  breaker.succeeded(early[0] ?? 0, now)
  expect(isOpen()).toBe(true)
  now += 2_000
  breaker.succeeded(breaker.enter(now), now)
  for (const epoch of early) breaker.failed(epoch, now)
  expect(isOpen()).toBe(false)
})

describe('a bulkhead', () => {
  const enter = (bulkhead: Bulkhead, count: number) => {
    for (let index = 0; index < count; index++) bulkhead.enter(now)
  }

  test('lets any number wait for an upstream that answers', () => {
    const bulkhead = new Bulkhead('Nector')
    for (let second = 0; second < 60; second++) {
      enter(bulkhead, 200)
      for (let index = 0; index < 20; index++) bulkhead.answered(now)
      now += 1_000
    }
  })

  test('lets 256 wait for one that says nothing, and refuses the next', () => {
    const bulkhead = new Bulkhead('Nector')
    enter(bulkhead, 256)
    now += 3_001
    expect(() => bulkhead.enter(now)).toThrow(Problem)
    bulkhead.failed()
    bulkhead.enter(now)
  })

  test('takes ten thousand at once', () => {
    enter(new Bulkhead('Nector'), 10_000)
  })
})
