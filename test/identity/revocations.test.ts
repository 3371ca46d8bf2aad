import { describe, expect, test } from 'vitest'
import { createRevocations } from '../../src/identity/revocations.ts'
import { createFakeClock } from '../support/fake-clock.ts'

const DAY = 86_400_000

function create() {
  const clock = createFakeClock()
  return { clock, revocations: createRevocations(clock, DAY) }
}

describe('a session that was ended', () => {
  test('is, as long as it could be used, and no other is', () => {
    const { clock, revocations } = create()
    revocations.revokeSession('s1', clock.now() + 1_000)
    revocations.revokeSession('s2', clock.now() + 2_000)
    clock.advance(999)
    revocations.revokeSession('s3', clock.now() + 1_000)
    expect(['s1', 's2', 's3', 's4'].map((id) => revocations.isRevoked(id, 'c', 1))).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  test('is forgotten when it would have ended by itself', () => {
    const { clock, revocations } = create()
    revocations.revokeSession('s1', clock.now() + 1_000)
    revocations.revokeSession('s2', clock.now() + 2_000)
    clock.advance(1_000)
    revocations.revokeSession('s3', clock.now() + 1_000)
    expect(['s1', 's2', 's3'].map((id) => revocations.isRevoked(id, 'c', 1))).toEqual([
      false,
      true,
      true,
    ])
  })
})

describe('all sessions of a customer', () => {
  test('end up to this moment, and nobody else’s', () => {
    const { clock, revocations } = create()
    const now = clock.now()
    revocations.revokeCustomer('1001')
    expect(revocations.isRevoked('s', '1001', now)).toBe(true)
    expect(revocations.isRevoked('s', '1001', now + 1)).toBe(false)
    expect(revocations.isRevoked('s', '1002', now)).toBe(false)
  })

  test('stay ended for as long as the longest of them lives', () => {
    const { clock, revocations } = create()
    const now = clock.now()
    revocations.revokeCustomer('1001')
    clock.advance(DAY - 1)
    revocations.revokeCustomer('1002')
    expect(revocations.isRevoked('s', '1001', now)).toBe(true)
    clock.advance(1)
    revocations.revokeCustomer('1003')
    expect(revocations.isRevoked('s', '1001', now)).toBe(false)
    expect(revocations.isRevoked('s', '1002', now)).toBe(true)
  })
})
