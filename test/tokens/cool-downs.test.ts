import { describe, expect, test } from 'vitest'
import { Problem } from '../../src/problem.ts'
import { coolDownEnd, createCoolDowns } from '../../src/tokens/cool-downs.ts'

const down = new Problem('tokens/exchange-unavailable', 'Down.', { retryAfter: 7, cause: 'x' })

test('a cool-down lasts from one second to five, as chance has it', () => {
  expect(coolDownEnd(1_000_000, 0)).toBe(1_001_000)
  expect(coolDownEnd(1_000_000, 0.5)).toBe(1_003_000)
  expect(coolDownEnd(1_000_000, 0.999_999)).toBeLessThanOrEqual(1_005_000)
  expect(coolDownEnd(1_000_000, 0.999_999)).toBeGreaterThan(1_004_900)
})

describe('what failed', () => {
  test('is answered with the same problem until the cool-down ends', () => {
    const held = createCoolDowns()
    held.start('key', down, 100)
    expect(held.find('key', 99)).toMatchObject({
      code: 'tokens/exchange-unavailable',
      message: 'Down.',
      retryAfter: 7,
    })
    expect(held.find('other', 99)).toBeNull()
    expect(held.find('key', 100)).toBeNull()
  })

  test('is over for good when it has ended', () => {
    const held = createCoolDowns()
    held.start('key', down, 100)
    held.find('key', 100)
    expect(held.find('key', 50)).toBeNull()
  })

  test('has no Retry-After where the problem has none', () => {
    const held = createCoolDowns()
    held.start('key', new Problem('tokens/exchange-mismatch', 'No.'), 100)
    expect(held.find('key', 0)?.retryAfter).toBeNull()
  })

  test('is remembered without its cause, which may hold much', () => {
    const held = createCoolDowns()
    held.start('key', down, 100)
    expect(held.find('key', 0)?.cause).toBe('remembered')
    expect(held.find('key', 0)).not.toBe(down)
  })

  test('is replaced by what fails later', () => {
    const held = createCoolDowns()
    held.start('key', down, 100)
    held.start('key', new Problem('tokens/exchange-refused', 'No.'), 200)
    expect(held.find('key', 150)?.code).toBe('tokens/exchange-refused')
  })
})

test('there is an upper bound, and the oldest go', () => {
  const held = createCoolDowns(2)
  held.start('a', down, 100)
  held.start('b', down, 100)
  expect(held.find('a', 0)).not.toBeNull()
  held.start('a', down, 100)
  held.start('c', down, 100)
  expect(held.find('b', 0)).toBeNull()
  expect(held.find('a', 0)).not.toBeNull()
  expect(held.find('c', 0)).not.toBeNull()
})
