import { expect, test } from 'vitest'
import { isEverything, networkSchema } from '../../src/config/network.ts'

test.each(['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '10.0.0.1/32', '::1', 'fd00::/8', '::/0'])(
  '%s is a network',
  (text) => expect(networkSchema.safeParse(text).success).toBe(true),
)

test.each([
  '',
  '10.0.0',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  'fd00::/129',
  'fe80::1%eth0',
  'proxy.example',
  '10.0.0.0/1e1',
])('%j is none', (text) => expect(networkSchema.safeParse(text).success).toBe(false))

test('only a prefix of nothing is everything', () => {
  expect(['0.0.0.0/0', '::/0', '10.0.0.0/00'].every(isEverything)).toBe(true)
  expect(['10.0.0.0/8', '10.0.0.0/10', '0.0.0.0'].some(isEverything)).toBe(false)
})
