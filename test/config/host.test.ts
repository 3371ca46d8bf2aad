import { describe, expect, test } from 'vitest'
import { bindAddressSchema, hostSchema, isLoopback } from '../../src/config/host.ts'

describe('the host of a storefront', () => {
  test.each(['gw.acme.example', 'localhost', 'a', 'xn--bcher-kva.example', '127.0.0.1', '*'])(
    'may be %s',
    (host) => expect(hostSchema.safeParse(host).success).toBe(true),
  )

  test.each([
    '',
    'GW.acme.example',
    'gw.acme.example:8080',
    'https://gw.acme.example',
    'gw.acme.example/',
    'gw.acme.example.',
    '.acme.example',
    '*.acme.example',
    'gw..example',
    '-a.example',
    'a_b.example',
    'bücher.example',
    'gw.acme.example\n',
    `${'a'.repeat(64)}.example`,
  ])('may not be %j', (host) => expect(hostSchema.safeParse(host).success).toBe(false))
})

test.each(['0.0.0.0', '::', '::1', '127.0.0.1', 'localhost'])('a listener binds to %s', (host) => {
  expect(bindAddressSchema.safeParse(host).success).toBe(true)
})

test.each(['', '0.0.0.0:80', 'a b', '[::1]'])('a listener does not bind to %j', (host) => {
  expect(bindAddressSchema.safeParse(host).success).toBe(false)
})

test('loopback is the whole of 127.0.0.0/8, ::1 and localhost, and nothing that looks like it', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).toBe(true)
  expect(
    ['0.0.0.0', '::', '127.evil.example', '128.0.0.1', 'localhost.evil'].some(isLoopback),
  ).toBe(false)
})
