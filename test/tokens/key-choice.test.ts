import { describe, expect, test } from 'vitest'
import type { Credential } from '../../src/provider.ts'
import { withFallbacks } from '../../src/provider.ts'
import { createKeyChoice, nextWay } from '../../src/tokens/key-choice.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { credentialOf, kindOf, MINUTE } from './kit.ts'

const fallbackOf = ({ fallback }: Credential) => {
  if (fallback === null) throw new Error('a fallback was expected')
  return fallback
}

const both = withFallbacks([credentialOf('new'), credentialOf('old')])
const old = fallbackOf(both)

function kit() {
  const clock = createFakeClock()
  const keys = createKeyChoice(clock)
  const chosen = (isReplayable = true, storefront = 'acme') =>
    keys.choose(both, storefront, isReplayable).key.id
  return { clock, keys, chosen }
}

describe('the next way after a refusal', () => {
  test('is the fallback, and after the last one the first again', () => {
    expect(nextWay(both, both)).toBe(old)
    expect(nextWay(both, old)).toBe(both)
  })

  test('is none where there is one key', () => {
    const only = credentialOf('only')
    expect(nextWay(only, only)).toBeNull()
  })
})

describe('the new key', () => {
  test('is used at first', () => {
    const { chosen } = kit()
    expect(chosen()).toBe('new')
    expect(chosen(false)).toBe('new')
  })

  test('stays the one in use after one refusal of a call that is sent again', () => {
    const { keys, chosen } = kit()
    keys.refused(both, both, 'acme', true)
    expect(chosen()).toBe('new')
  })

  test('gives way to the old one where that was taken', () => {
    const { keys, chosen } = kit()
    keys.accepted(both, old, 'acme')
    expect(chosen()).toBe('old')
    expect(chosen(false)).toBe('old')
  })

  test('gives way at once after the refusal of a call that cannot be sent again', () => {
    const { keys, chosen } = kit()
    keys.refused(both, both, 'acme', false)
    expect(chosen()).toBe('old')
    expect(chosen(false)).toBe('old')
  })

  test('is tried again after a minute, by one call that can be sent twice', () => {
    const { clock, keys, chosen } = kit()
    keys.accepted(both, old, 'acme')
    clock.advance(MINUTE - 1)
    expect(chosen()).toBe('old')
    clock.advance(1)
    expect(chosen(false)).toBe('old')
    expect(chosen()).toBe('new')
    expect(chosen()).toBe('old')
    clock.advance(MINUTE)
    expect(chosen()).toBe('new')
  })

  test('is back in use where it was taken', () => {
    const { keys, chosen } = kit()
    keys.accepted(both, old, 'acme')
    keys.accepted(both, both, 'acme')
    expect(chosen()).toBe('new')
    expect(chosen(false)).toBe('new')
  })
})

describe('the old key', () => {
  test('being taken again does not put off the next try of the new one', () => {
    const { clock, keys, chosen } = kit()
    keys.accepted(both, old, 'acme')
    clock.advance(MINUTE - 1)
    keys.accepted(both, old, 'acme')
    clock.advance(1)
    expect(chosen()).toBe('new')
  })

  test('gives way again after the refusal of a call that cannot be sent again', () => {
    const { keys, chosen } = kit()
    keys.accepted(both, old, 'acme')
    keys.refused(both, old, 'acme', false)
    expect(chosen()).toBe('new')
  })

  test('is preferred in the storefront in which the new one was refused, and in no other', () => {
    const { keys, chosen } = kit()
    keys.accepted(both, old, 'acme')
    expect(chosen(true, 'other')).toBe('new')
    expect(chosen(true, 'acme')).toBe('old')
  })
})

test('calls with other headers share what is known of a key', () => {
  const { keys } = kit()
  keys.accepted(both, old, 'acme')
  const mobile = withFallbacks([
    { ...credentialOf('new'), headers: [['x-source', 'mobile']] },
    { ...credentialOf('old'), headers: [['x-source', 'mobile']] },
  ])
  expect(keys.choose(mobile, 'acme', true)).toBe(fallbackOf(mobile))
})

test.each([
  ['another id', credentialOf('other', { key: { id: 'other', fingerprint: 'fingerprint-new' } })],
  ['another fingerprint', credentialOf('new', { key: { id: 'new', fingerprint: 'rotated' } })],
  ['another kind of token', credentialOf('new', { token: kindOf({ kind: 'other' }) })],
  ['no token', credentialOf('new', { token: null })],
])('a first key with %s is another key', (_title, first) => {
  const { keys } = kit()
  keys.accepted(both, old, 'acme')
  const others = withFallbacks([first, credentialOf('old')])
  expect(keys.choose(others, 'acme', true)).toBe(others)
})

test.each([
  ['id', { key: { id: 'x', fingerprint: 'fingerprint-old' } }],
  ['fingerprint', { key: { id: 'old', fingerprint: 'x' } }],
  ['kind', { token: kindOf({ kind: 'x' }) }],
  ['lack of a token', { token: null }],
])('the preferred one is found again by its %s too', (_title, rest) => {
  const { keys } = kit()
  const three = withFallbacks([credentialOf('new'), credentialOf('old', rest), credentialOf('old')])
  keys.accepted(three, fallbackOf(fallbackOf(three)), 'acme')
  expect(keys.choose(three, 'acme', true)).toBe(fallbackOf(fallbackOf(three)))
})

test('where the preferred one is no longer configured, the last one is taken', () => {
  const { keys } = kit()
  keys.accepted(both, old, 'acme')
  const changed = withFallbacks([credentialOf('new'), credentialOf('newer')])
  expect(keys.choose(changed, 'acme', true).key.id).toBe('newer')
})

test('a single key is always the one', () => {
  const { keys } = kit()
  const only = credentialOf('new')
  keys.accepted(both, old, 'acme')
  keys.refused(only, only, 'acme', false)
  expect(keys.choose(only, 'acme', true)).toBe(only)
  keys.accepted(only, only, 'acme')
})

test('all ways of a chain are gone through in turn', () => {
  const { keys } = kit()
  const three = withFallbacks(['one', 'two', 'three'].map((id) => credentialOf(id)))
  const ids = []
  for (let used = three, n = 0; n < 4; n += 1) {
    ids.push(used.key.id)
    keys.refused(three, used, 'acme', false)
    used = nextWay(three, used) ?? used
    expect(keys.choose(three, 'acme', false).key.id).toBe(used.key.id)
  }
  expect(ids).toEqual(['one', 'two', 'three', 'one'])
})
