import { beforeEach, describe, expect, test } from 'vitest'
import { createContentCache } from '../../src/upstream/content-cache.ts'
import type { ContentCache } from '../../src/upstream/content-cache.ts'

const freshness = { fresh: 10_000, stale: 50_000, age: 0 }
const answer = (body: string | Buffer = 'reviews') => ({
  head: { status: 200, headers: {} },
  body: Buffer.from(body),
})

let cache: ContentCache
beforeEach(() => {
  cache = createContentCache()
})

describe('an answer', () => {
  beforeEach(() => cache.store('key', answer(), freshness, 1_000))

  test('is there until it is stale, and then while it may be served stale', () => {
    expect(cache.find('key', null, 10_999)).toMatchObject({ freshUntil: 11_000 })
    expect(cache.find('key', null, 60_999)).not.toBeNull()
    expect(cache.find('key', null, 61_000)).toBeNull()
    expect(cache.size).toBe(0)
  })

  test('is nobody else’s', () => expect(cache.find('another key', null, 2_000)).toBeNull())

  test('is dropped when its owner has changed something since it was asked for', () => {
    cache.changed('bert', 1_500)
    expect(cache.find('key', 'anna', 2_000)).not.toBeNull()
    cache.changed('anna', 1_500)
    expect(cache.find('key', 'anna', 2_000)).toBeNull()
  })

  test('that was asked for before a change, and came after it, is not served', () => {
    cache.changed('anna', 1_500)
    cache.store('key', answer(), freshness, 1_400)
    expect(cache.find('key', 'anna', 2_000)).toBeNull()
    cache.store('key', answer(), freshness, 1_600)
    expect(cache.find('key', 'anna', 2_000)).not.toBeNull()
  })
})

test('no more is kept than fits into 64 MiB', () => {
  for (let index = 0; index < 5_000; index++) {
    cache.store(`key ${index}`, answer(Buffer.alloc(60_000)), freshness, 1_000)
  }
  expect(cache.size).toBeGreaterThan(1_000)
  expect(cache.size * 60_000).toBeLessThan(64 * 1024 * 1024)
  expect(cache.find('key 4999', null, 1_001)).not.toBeNull()
})
