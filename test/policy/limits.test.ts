import { beforeEach, describe, expect, test } from 'vitest'
import { createCounter } from '../../src/policy/counter.ts'
import { callerOf, createLimits, networkOf, ownFamilyOf } from '../../src/policy/limits.ts'
import type { Limits } from '../../src/policy/limits.ts'
import { codeOf } from '../support/code-of.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'

let clock: FakeClock
let limits: Limits
beforeEach(() => {
  clock = createFakeClock()
  limits = createLimits({ calls: 3, per: 60_000 }, clock)
})

describe('a caller', () => {
  test('has so many calls in a period, and is told what is left', () => {
    expect(limits.take('anna', 'search')).toEqual({
      headers: [
        ['ratelimit-policy', '"search";q=3;w=60'],
        ['ratelimit', '"search";r=2;t=60'],
      ],
      problem: null,
    })
    clock.advance(10_500)
    expect(limits.take('anna', 'search').headers[1]).toEqual(['ratelimit', '"search";r=1;t=50'])
  })

  test('is refused beyond it, and told when to come back', () => {
    for (let index = 0; index < 3; index++) limits.take('anna', 'search')
    clock.advance(20_500)
    const { problem, headers } = limits.take('anna', 'search')
    expect(problem).toMatchObject({ code: 'policy/rate-limited', status: 429, retryAfter: 40 })
    expect(headers[1]).toEqual(['ratelimit', '"search";r=0;t=40'])
    clock.advance(39_500)
    expect(limits.take('anna', 'search').problem).toBeNull()
  })

  test('is counted for each family by itself, and apart from others', () => {
    for (let index = 0; index < 4; index++) limits.take('anna', 'search')
    expect(limits.take('anna', 'points').problem).toBeNull()
    expect(limits.take('bert', 'search').problem).toBeNull()
  })

  test('is not counted where limits are off', () => {
    const off = createLimits('off', clock)
    for (let index = 0; index < 1_000; index++) {
      expect(off.take('anna', 'search')).toEqual({ headers: [], problem: null })
      off.checkAddress('192.0.2.1')
    }
  })
})

test('an address has twenty times as many, whoever calls from it', () => {
  for (let index = 0; index < 60; index++) limits.checkAddress('192.0.2.1')
  expect(codeOf(() => limits.checkAddress('192.0.2.1'))).toBe('policy/rate-limited')
  limits.checkAddress('192.0.2.2')
  clock.advance(60_000)
  limits.checkAddress('192.0.2.1')
})

describe('who a call counts for', () => {
  const channel = 'app'
  test.each([
    [{ kind: 'anonymous', channel }, 'address 192.0.2.1'],
    [{ kind: 'customer', channel, customer: '1001', expiresAt: 0, session: 'a' }, 'customer 1001'],
    [{ kind: 'service', channel: 'server', id: 'shop', scopes: new Set<string>() }, 'service shop'],
  ] as const)('%j', (principal, caller) => {
    expect(callerOf(principal, '192.0.2.1')).toBe(caller)
  })

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ])('%s is of %s: an IPv6 caller has a whole /64', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

test('a service key has twenty times as many calls to our own endpoints', () => {
  const channel = 'server'
  const family = ownFamilyOf({ kind: 'service', channel, id: 'shop', scopes: new Set() })
  expect(limits.take('service shop', family).headers).toEqual([
    ['ratelimit-policy', '"own:server";q=60;w=60'],
    ['ratelimit', '"own:server";r=59;t=60'],
  ])
  expect(ownFamilyOf({ kind: 'anonymous', channel: 'app' })).toBe('own')
})

describe('a counter', () => {
  test('does not grow with the callers of the past', () => {
    const counter = createCounter({ calls: 1, per: 1_000 })
    for (let index = 0; index < 250_000; index++) counter.take(`caller ${index}`, index)
    expect(counter.take('caller 249999', 250_000).left).toBe(-1)
  })

  test('keeps a window that began just before the generations turned', () => {
    const counter = createCounter({ calls: 1, per: 1_000 })
    counter.take('early', 0)
    counter.take('late', 999)
    expect(counter.take('late', 1_500).left).toBe(-1)
    expect(counter.take('early', 1_500).left).toBe(0)
    expect(counter.take('late', 1_999).left).toBe(0)
  })
})
