import { test as propertyTest, fc } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { isSameTuple, tokenKey } from '../../src/tokens/key.ts'
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
  expect(tokenKey(tupleOf())).toMatch(/^[A-Za-z0-9_-]{43}$/)
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
