import { expect, test } from 'vitest'
import { RetryBudget } from '../../src/upstream/retry-budget.ts'

function retriesOf(calls: number): number {
  const budget = new RetryBudget()
  let retries = 0
  for (let index = 0; index < calls; index++) {
    budget.earn()
    if (budget.spend()) retries += 1
  }
  return retries
}

test('at most a tenth is sent again, beside the first two', () => {
  expect(retriesOf(10_000)).toBeLessThanOrEqual(1_002)
  expect(retriesOf(10_000)).toBeGreaterThanOrEqual(1_000)
})

test('a gateway that has just begun may retry, too', () => expect(retriesOf(1)).toBe(1))

test('a quiet night does not add up', () => {
  const budget = new RetryBudget()
  for (let index = 0; index < 100_000; index++) budget.earn()
  let retries = 0
  while (budget.spend()) retries += 1
  expect(retries).toBe(10)
})
