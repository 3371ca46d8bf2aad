import { test as propertyTest, fc } from '@fast-check/vitest'
import { describe, expect, test, vi } from 'vitest'
import { createTokenKeys, isSameTuple, tokenKey } from '../../src/tokens/key.ts'
import type { TokenTuple } from '../../src/tokens/key.ts'
import { tupleOf } from './kit.ts'

const fields = Object.keys(tupleOf()) as (keyof TokenTuple)[]

describe('each field of the tuple', () => {
  test.each(fields)('%s tells two keys apart', (field) => {
    expect(tokenKey(tupleOf({ [field]: 'another' }))).not.toBe(tokenKey(tupleOf()))
  })

  test.each(fields)('%s tells two tuples apart', (field) => {
    expect(isSameTuple(tupleOf({ [field]: 'another' }), tupleOf())).toBe(false)
    expect(isSameTuple(tupleOf(), tupleOf({ [field]: 'another' }))).toBe(false)
  })
})

test('equal tuples have one key and are the same', () => {
  expect(tokenKey(tupleOf())).toBe(tokenKey(tupleOf()))
  expect(isSameTuple(tupleOf(), tupleOf())).toBe(true)
})

test('the order in which the fields were written does not matter', () => {
  const reversed = Object.fromEntries(Object.entries(tupleOf()).toReversed()) as unknown
  expect(tokenKey(reversed as TokenTuple)).toBe(tokenKey(tupleOf()))
})

test('nobody is not a customer called null', () => {
  expect(tokenKey(tupleOf({ customer: null }))).not.toBe(tokenKey(tupleOf({ customer: 'null' })))
  expect(isSameTuple(tupleOf({ customer: null }), tupleOf({ customer: 'null' }))).toBe(false)
})

test('the key is a SHA-256, so that it shows nobody’s id', () => {
  expect(tokenKey(tupleOf())).toHaveLength(32)
  expect(tokenKey(tupleOf())).not.toContain('1001')
})

describe('remembered keys', () => {
  test('are the same as those worked out anew', () => {
    const keyFor = createTokenKeys()
    for (const tuple of [tupleOf(), tupleOf({ customer: '1002' }), tupleOf(), tupleOf()]) {
      expect(keyFor(tuple)).toBe(tokenKey(tuple))
    }
  })

  test.each(fields)('are never another tuple’s, where only %s differs', (field) => {
    const keyFor = createTokenKeys()
    keyFor(tupleOf())
    expect(keyFor(tupleOf({ [field]: 'another' }))).toBe(tokenKey(tupleOf({ [field]: 'another' })))
    expect(keyFor(tupleOf())).toBe(tokenKey(tupleOf()))
  })

  test('are looked up and not worked out again', () => {
    const keyFor = createTokenKeys()
    const tuple = tupleOf()
    keyFor(tuple)
    const hashed = vi.spyOn(JSON, 'stringify')
    expect(keyFor(tupleOf())).toBe(keyFor(tuple))
    expect(hashed).not.toHaveBeenCalled()
    hashed.mockRestore()
  })
})

const text = fc.string({ maxLength: 4 })
const tuples = fc.record({
  provider: text,
  environment: text,
  storefront: text,
  keyId: text,
  keyFingerprint: text,
  namespace: text,
  customer: fc.option(text),
  kind: text,
})

propertyTest.prop([tuples, tuples])(
  'two keys are equal exactly where the tuples are',
  (one, other) => {
    expect(tokenKey(one) === tokenKey(other)).toBe(isSameTuple(one, other))
  },
)

propertyTest.prop([tuples, fc.constantFrom(...fields), fc.constantFrom(...fields), text])(
  'what stands in one field never counts for its neighbour',
  (tuple, from, to, moved) => {
    fc.pre(from !== to && moved !== '')
    const one = { ...tuple, [from]: `a${moved}`, [to]: 'b' }
    const other = { ...tuple, [from]: 'a', [to]: `${moved}b` }
    expect(tokenKey(one)).not.toBe(tokenKey(other))
  },
)
