import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeLeadDigest } from '../../../providers/nector/lead-digest.ts'
import { digestFault } from '../../../sandbox/emulators/nector/lead-proof.ts'
import { createCanonicalCustomer } from '../../../src/identity/customer-id.ts'
import { Problem } from '../../../src/problem.ts'
import { Secret } from '../../../src/secret.ts'
import { vectors } from '../../vectors/wire-facts-4.ts'

const { signingSecret, seconds, digests } = vectors.lead
const secret = new Secret(signingSecret)

describe('a lead digest', () => {
  test.each(digests)('over $customerId is the golden vector', ({ customerId, digest }) => {
    expect(makeLeadDigest(customerId, secret, seconds * 1000)).toEqual({
      digest,
      timestamp: String(seconds),
    })
  })

  test('carries the very second that it signs, in seconds', () => {
    const { digest, timestamp } = makeLeadDigest('12345678', secret, seconds * 1000 + 999)
    expect({ digest, timestamp }).toEqual(makeLeadDigest('12345678', secret, seconds * 1000))
    expect(timestamp).toMatch(/^\d{10}$/)
  })

  test('is 64 lower-case hex digits', () => {
    expect(makeLeadDigest('1', secret, seconds * 1000).digest).toMatch(/^[0-9a-f]{64}$/)
  })
})

const plain = createCanonicalCustomer([])
const letters = 'azAZ09._-:/ %é\n'.split('')
const customer = fc
  .string({ minLength: 1, maxLength: 24, unit: fc.constantFrom(...letters) })
  .filter((id) => isIdentity(id))
const second = fc.integer({ min: 1_000_000_000, max: 9_999_999_999 })

describe('for every customer id that identity lets through', () => {
  test('distinct (customer, second) pairs sign distinct payloads', () => {
    fc.assert(
      fc.property(customer, second, customer, second, (one, at, other, then) => {
        fc.pre(one !== other || at !== then)
        expect(`${one}:${at}`).not.toBe(`${other}:${then}`)
        expect(makeLeadDigest(one, secret, at * 1000).digest).not.toBe(
          makeLeadDigest(other, secret, then * 1000).digest,
        )
      }),
    )
  })

  test('the emulator, which shares no code, finds no fault in it', () => {
    fc.assert(
      fc.property(customer, second, (id, at) => {
        const proof = makeLeadDigest(id, secret, at * 1000)
        expect(digestFault(proof, id, signingSecret, at)).toBeNull()
      }),
    )
  })
})

describe('an id with a colon, which could make two payloads equal,', () => {
  test('does not pass identity', () => {
    expect(isIdentity('1:1715000000')).toBe(false)
    expect(isIdentity('1.1715000000')).toBe(true)
  })
})

function isIdentity(id: string): boolean {
  try {
    return plain(id) === id
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}
