import { describe, expect, test } from 'vitest'
import { createRemembered } from '../src/remembered.ts'

describe('what is remembered', () => {
  test('is what was said last, until it is forgotten', () => {
    const remembered = createRemembered<number>(4)
    expect(remembered.get('a')).toBeUndefined()
    remembered.set('a', 1)
    remembered.set('a', 2)
    expect(remembered.get('a')).toBe(2)
    remembered.delete('a')
    expect(remembered.get('a')).toBeUndefined()
    expect(remembered.get('__proto__')).toBeUndefined()
  })

  test('is bounded: what nobody asks for goes first', () => {
    const remembered = createRemembered<number>(4)
    for (const key of ['a', 'b', 'c', 'd']) remembered.set(key, 1)
    expect(remembered.get('d')).toBe(1)
    for (const key of ['e', 'f', 'g', 'h', 'i']) {
      remembered.set(key, 1)
      expect(remembered.get('d')).toBe(1)
    }
    expect(['a', 'b', 'c'].map((key) => remembered.get(key))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('is at least half of what there is room for, and never more than that', () => {
    const half = createRemembered<number>(6)
    for (const key of ['a', 'b', 'c']) half.set(key, 1)
    expect(['a', 'b', 'c'].map((key) => half.get(key))).toEqual([1, 1, 1])
    const whole = createRemembered<number>(2)
    for (const key of ['a', 'b', 'c']) whole.set(key, 1)
    expect(whole.get('a')).toBeUndefined()
  })

  test('is not pushed out by questions about what is not', () => {
    const remembered = createRemembered<number>(2)
    remembered.set('a', 1)
    for (let at = 0; at < 10; at += 1) remembered.get(`unknown-${at}`)
    expect(remembered.get('a')).toBe(1)
  })

  test('does not push anything out by being said again', () => {
    const remembered = createRemembered<number>(2)
    remembered.set('a', 1)
    remembered.set('b', 1)
    for (let at = 0; at < 10; at += 1) remembered.set('b', at)
    expect(remembered.get('a')).toBe(1)
  })

  test('is forgotten wherever it stands', () => {
    const remembered = createRemembered<number>(2)
    remembered.set('a', 1)
    remembered.set('b', 1)
    remembered.delete('a')
    remembered.delete('b')
    expect([remembered.get('a'), remembered.get('b')]).toEqual([undefined, undefined])
  })

  test('takes no room before it is used: ten thousand of them are small', () => {
    const before = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
    const many = Array.from({ length: 10_000 }, () => createRemembered<number>(50_000))
    const after = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
    expect(many).toHaveLength(10_000)
    expect(after - before).toBeLessThan(50 * 1024 * 1024)
  })
})
