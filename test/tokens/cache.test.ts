import { describe, expect, test } from 'vitest'
import { createTokenCache } from '../../src/tokens/cache.ts'
import { entryOf, MINUTE, tokenOf, tupleOf } from './kit.ts'

const customer = (id: string, rest: Parameters<typeof entryOf>[0] = {}) =>
  entryOf({ tuple: tupleOf({ customer: id }), token: tokenOf({ value: `token-${id}` }), ...rest })

describe('reading', () => {
  test('finds what was put for the very same tuple', () => {
    const cache = createTokenCache(10)
    const entry = entryOf()
    cache.put(entry, 0)
    expect(cache.get(tupleOf(), 0, 0)).toBe(entry)
    expect(cache.get(tupleOf({ customer: '1002' }), 0, 0)).toBeNull()
    expect(cache.size).toBe(1)
  })

  test('serves until the moment in which a token must be renewed, and not in it', () => {
    const cache = createTokenCache(10)
    cache.put(entryOf({ mustRefreshAt: 100 }), 0)
    expect(cache.get(tupleOf(), 0, 99)).not.toBeNull()
    expect(cache.get(tupleOf(), 0, 100)).toBeNull()
  })

  test('does not serve what was made under another clock correction', () => {
    const cache = createTokenCache(10)
    cache.put(entryOf({ epoch: 1 }), 0)
    expect(cache.get(tupleOf(), 0, 0)).toBeNull()
    expect(cache.get(tupleOf(), 2, 0)).toBeNull()
    expect(cache.get(tupleOf(), 1, 0)).not.toBeNull()
  })

  test('compares the whole tuple, also where the keys are equal', () => {
    const cache = createTokenCache(10)
    const tuple = { ...tupleOf() }
    cache.put(entryOf({ tuple }), 0)
    // As if two keys collided: what lies under this key is now somebody else's.
    Object.assign(tuple, { customer: '1002' })
    expect(cache.get(tupleOf(), 0, 0)).toBeNull()
  })
})

describe('removing', () => {
  test('takes the refused token away', () => {
    const cache = createTokenCache(10)
    cache.put(entryOf(), 0)
    cache.remove(tupleOf(), 'token-1')
    expect(cache.get(tupleOf(), 0, 0)).toBeNull()
    expect(cache.size).toBe(0)
  })

  test('lets a newer token stay', () => {
    const cache = createTokenCache(10)
    cache.put(entryOf({ token: tokenOf({ value: 'newer' }) }), 0)
    cache.remove(tupleOf(), 'older')
    expect(cache.get(tupleOf(), 0, 0)?.token.value).toBe('newer')
  })

  test('of what is not there does nothing', () => {
    const cache = createTokenCache(10)
    cache.remove(tupleOf(), 'token-1')
    expect(cache.size).toBe(0)
  })
})

describe('where there is no room', () => {
  test('the one used least goes', () => {
    const cache = createTokenCache(2)
    cache.put(customer('a'), 0)
    cache.put(customer('b'), 0)
    cache.get(tupleOf({ customer: 'a' }), 0, 0)
    cache.put(customer('c'), 0)
    expect(cache.get(tupleOf({ customer: 'a' }), 0, 0)).not.toBeNull()
    expect(cache.get(tupleOf({ customer: 'b' }), 0, 0)).toBeNull()
    expect(cache.size).toBe(2)
  })

  test('those that have ended go first, even where they were used last', () => {
    const cache = createTokenCache(3)
    cache.put(customer('ended', { mustRefreshAt: MINUTE }), 0)
    cache.put(customer('a'), 0)
    cache.put(customer('b'), 0)
    cache.get(tupleOf({ customer: 'ended' }), 0, 0)
    cache.put(customer('c'), MINUTE)
    for (const id of ['a', 'b', 'c']) {
      expect(cache.get(tupleOf({ customer: id }), 0, MINUTE), id).not.toBeNull()
    }
    expect(cache.size).toBe(3)
  })

  test('all that have ended are looked for once a minute and no more', () => {
    const cache = createTokenCache(2)
    cache.put(customer('a', { mustRefreshAt: 10 * MINUTE }), 0)
    cache.put(customer('b', { mustRefreshAt: 1 }), 0)
    cache.put(customer('c', { mustRefreshAt: 10 * MINUTE }), 0) // looked: nothing had ended
    expect(cache.size).toBe(2)
    cache.get(tupleOf({ customer: 'b' }), 0, 0)
    cache.put(customer('d', { mustRefreshAt: 10 * MINUTE }), MINUTE - 1) // not looked: c goes
    expect(cache.get(tupleOf({ customer: 'c' }), 0, 0)).toBeNull()
    cache.get(tupleOf({ customer: 'b' }), 0, 0)
    cache.put(customer('e', { mustRefreshAt: 10 * MINUTE }), MINUTE) // looked: b goes
    expect(cache.get(tupleOf({ customer: 'd' }), 0, MINUTE)).not.toBeNull()
    expect(cache.get(tupleOf({ customer: 'e' }), 0, MINUTE)).not.toBeNull()
  })

  test('nothing is looked for while there is room', () => {
    const cache = createTokenCache(3)
    cache.put(customer('ended', { mustRefreshAt: 1 }), 0)
    cache.put(customer('a'), MINUTE)
    expect(cache.size).toBe(2)
  })
})
