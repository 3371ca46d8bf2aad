import { expect, test } from 'vitest'
import { createHandOffs } from '../../src/identity/hand-off.ts'
import { codeOf } from '../support/code-of.ts'
import { createFakeClock } from '../support/fake-clock.ts'

test('a code is redeemed once, within a minute', () => {
  const clock = createFakeClock()
  const handOffs = createHandOffs(clock)
  const [one, two] = [handOffs.create('1001'), handOffs.create('1002')]
  expect(one.expiresAt).toBe(clock.now() + 60_000)
  expect(one.code).toMatch(/^[\w-]{43}$/)
  expect(handOffs.redeem(one.code)).toBe('1001')
  expect(handOffs.redeem(one.code)).toBeNull()
  clock.advance(60_000)
  expect(handOffs.redeem(two.code)).toBeNull()
})

test('what comes close is nothing', () => {
  const handOffs = createHandOffs(createFakeClock())
  const { code } = handOffs.create('1001')
  for (const other of ['', `${code} `, code.slice(1), code.toLowerCase(), '__proto__']) {
    expect(handOffs.redeem(other)).toBeNull()
  }
  expect(handOffs.redeem(code)).toBe('1001')
})

test('the codes of a customer end together, and nobody else’s', () => {
  const handOffs = createHandOffs(createFakeClock())
  const codes = ['1001', '1002', '1001'].map((customer) => handOffs.create(customer).code)
  handOffs.revokeCustomer('1001')
  expect(codes.map((code) => handOffs.redeem(code))).toEqual([null, '1002', null])
})

test('F14: no more than a hundred thousand wait, and old ones make room', () => {
  const clock = createFakeClock()
  const handOffs = createHandOffs(clock)
  const first = handOffs.create('1001')
  clock.advance(30_000)
  for (let at = 1; at < 100_000; at += 1) handOffs.create('1002')
  expect(() => handOffs.create('1003')).toThrow(
    expect.objectContaining({ code: 'downstream/overloaded', retryAfter: 60 }),
  )
  clock.advance(29_999)
  expect(codeOf(() => handOffs.create('1003'))).toBe('downstream/overloaded')
  expect(handOffs.redeem(first.code)).toBe('1001')
  expect(codeOf(() => handOffs.create('1003'))).toBe('ok')
  clock.advance(30_001)
  expect(codeOf(() => handOffs.create('1003'))).toBe('ok')
})
