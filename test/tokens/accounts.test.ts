import { describe, expect, test } from 'vitest'
import { createAccounts } from '../../src/tokens/accounts.ts'
import { codeOf } from '../support/code-of.ts'
import { HOUR, MINUTE, SECOND, tupleOf } from './kit.ts'

const DAY = 24 * HOUR
const alice = tupleOf({ customer: 'alice' })
const bob = tupleOf({ customer: 'bob' })

test('an account is known once it was learned, and to its owner alone', () => {
  const accounts = createAccounts(10)
  expect(accounts.find(alice)).toBeNull()
  expect(accounts.learn(alice, 'A', 0)).toBe('learned')
  expect(accounts.find(alice)).toBe('A')
  expect(accounts.find(bob)).toBeNull()
  expect(accounts.size).toBe(1)
})

describe('an owner is told apart by', () => {
  test.each(['provider', 'environment', 'storefront', 'namespace', 'customer'] as const)(
    '%s',
    (field) => {
      const accounts = createAccounts(10)
      accounts.learn(alice, 'A', 0)
      expect(accounts.find({ ...alice, [field]: 'another' })).toBeNull()
    },
  )

  test('nothing else: every key and kind of a customer leads to one account', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    expect(accounts.find({ ...alice, keyId: 'x', keyFingerprint: 'y', kind: 'z' } as never)).toBe(
      'A',
    )
  })
})

describe('an exchange that names another account (T24)', () => {
  test('is refused where the remembered one was never refused', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    expect(codeOf(() => accounts.learn(alice, 'B', 1))).toBe('tokens/exchange-mismatch')
    expect(accounts.find(alice)).toBe('A')
  })

  test('is accepted where the upstream refused the remembered one', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    expect(accounts.doubt(alice, 'A', 1)).toBe(true)
    expect(accounts.find(alice)).toBeNull()
    expect(accounts.learn(alice, 'B', 2)).toBe('changed')
    expect(accounts.find(alice)).toBe('B')
  })

  test('is accepted once a day and no more', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    accounts.doubt(alice, 'A', HOUR)
    accounts.learn(alice, 'B', HOUR)
    expect(accounts.doubt(alice, 'B', 2 * HOUR)).toBe(true)
    expect(codeOf(() => accounts.learn(alice, 'C', DAY + HOUR - 1))).toBe(
      'tokens/exchange-mismatch',
    )
    expect(accounts.learn(alice, 'C', DAY + HOUR)).toBe('changed')
  })

  test('counts the day from the change, also where the account was confirmed since', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    accounts.doubt(alice, 'A', 0)
    accounts.learn(alice, 'B', 0)
    accounts.doubt(alice, 'B', HOUR)
    expect(accounts.learn(alice, 'B', HOUR)).toBe('confirmed')
    accounts.doubt(alice, 'B', 2 * HOUR)
    expect(codeOf(() => accounts.learn(alice, 'C', 3 * HOUR))).toBe('tokens/exchange-mismatch')
  })

  test('is never another customer’s, of the same storefront', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    accounts.learn(bob, 'B', 0)
    accounts.doubt(alice, 'A', 0)
    expect(codeOf(() => accounts.learn(alice, 'B', 1))).toBe('tokens/exchange-mismatch')
    expect(codeOf(() => accounts.learn(tupleOf({ customer: 'carol' }), 'A', 1))).toBe(
      'tokens/exchange-mismatch',
    )
  })

  test('may be the same one in another storefront, environment or provider', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    expect(accounts.learn({ ...bob, storefront: 'other' }, 'A', 0)).toBe('learned')
    expect(accounts.learn({ ...bob, environment: 'staging' }, 'A', 0)).toBe('learned')
    expect(accounts.learn({ ...bob, provider: 'other' }, 'A', 0)).toBe('learned')
  })

  test('frees the account that it takes the place of', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    accounts.doubt(alice, 'A', 0)
    accounts.learn(alice, 'B', 0)
    expect(accounts.learn(bob, 'A', 0)).toBe('learned')
  })

  test('says to the log why it was refused', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    expect(causeOf(() => accounts.learn(bob, 'A', 0))).toBe('it is another customer’s')
    expect(causeOf(() => accounts.learn(alice, 'B', 0))).toBe(
      'the remembered account was never refused',
    )
    accounts.doubt(alice, 'A', 0)
    accounts.learn(alice, 'B', 0)
    accounts.doubt(alice, 'B', HOUR)
    expect(causeOf(() => accounts.learn(alice, 'C', HOUR))).toBe('it changed today')
  })
})

describe('a doubt', () => {
  test('is about the remembered account alone', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    expect(accounts.doubt(alice, 'B', 0)).toBe(false)
    expect(accounts.doubt(bob, 'A', 0)).toBe(false)
    expect(accounts.find(alice)).toBe('A')
  })

  test('ends where the exchange names the same account', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    accounts.doubt(alice, 'A', 0)
    expect(accounts.learn(alice, 'A', 1)).toBe('confirmed')
    expect(accounts.find(alice)).toBe('A')
    // It was only confirmed: what is not doubted does not change.
    expect(codeOf(() => accounts.learn(alice, 'B', 2))).toBe('tokens/exchange-mismatch')
  })

  test('waits a minute after the account was confirmed', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    accounts.doubt(alice, 'A', 0)
    accounts.learn(alice, 'A', SECOND)
    expect(accounts.doubt(alice, 'A', SECOND + MINUTE - 1)).toBe(false)
    expect(accounts.find(alice)).toBe('A')
    expect(accounts.doubt(alice, 'A', SECOND + MINUTE)).toBe(true)
    expect(accounts.find(alice)).toBeNull()
  })

  test('waits as long after it was changed, and not at all after it was first learned', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    expect(accounts.doubt(alice, 'A', 0)).toBe(true)
    accounts.learn(alice, 'B', 0)
    expect(accounts.doubt(alice, 'B', MINUTE - 1)).toBe(false)
  })

  test('can be raised again', () => {
    const accounts = createAccounts(10)
    accounts.learn(alice, 'A', 0)
    expect(accounts.doubt(alice, 'A', 0)).toBe(true)
    expect(accounts.doubt(alice, 'A', 1)).toBe(true)
  })
})

describe('where there is no room', () => {
  test('the one used least is forgotten, and its account is nobody’s', () => {
    const accounts = createAccounts(2)
    accounts.learn(alice, 'A', 0)
    accounts.learn(bob, 'B', 0)
    accounts.find(alice)
    accounts.learn(tupleOf({ customer: 'carol' }), 'C', 0)
    expect(accounts.find(bob)).toBeNull()
    expect(accounts.find(alice)).toBe('A')
    expect(accounts.size).toBe(2)
    expect(accounts.learn(tupleOf({ customer: 'dora' }), 'B', 0)).toBe('learned')
  })

  test('an account that was confirmed is still its owner’s', () => {
    const accounts = createAccounts(2)
    accounts.learn(alice, 'A', 0)
    accounts.doubt(alice, 'A', 0)
    accounts.learn(alice, 'A', 0)
    expect(codeOf(() => accounts.learn(bob, 'A', 0))).toBe('tokens/exchange-mismatch')
  })
})

function causeOf(attempt: () => unknown): unknown {
  try {
    return attempt()
  } catch (error) {
    return error instanceof Error ? error.cause : error
  }
}
