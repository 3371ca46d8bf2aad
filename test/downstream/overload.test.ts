import { describe, expect, test } from 'vitest'
import { createLag } from '../../src/downstream/overload.ts'

function lagAfter(...delays: number[]): boolean {
  const lag = createLag()
  for (const delay of delays) lag.add(delay)
  return lag.isTooLong
}

describe('the event loop is too late', () => {
  test('not after one pause of a second and a half', () =>
    expect(lagAfter(1, 2, 1_500)).toBe(false))
  test('after two of them', () => expect(lagAfter(2_000, 2_000)).toBe(true))
  test('not for being a little late all the time', () => {
    expect(lagAfter(...Array.from({ length: 100 }, () => 400))).toBe(false)
  })
  test('no more once it has caught up', () => {
    expect(lagAfter(2_000, 2_000, 0)).toBe(true)
    expect(lagAfter(2_000, 2_000, 0, 0, 0, 0)).toBe(false)
  })
})
