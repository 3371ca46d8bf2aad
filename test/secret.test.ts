import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Secret } from '../src/secret.ts'

describe('a secret', () => {
  const secret = new Secret('correct-horse-battery-staple')

  test('gives its value only when asked to reveal it', () => {
    expect(secret.reveal()).toBe('correct-horse-battery-staple')
  })

  test.each([
    ['a string', String(secret)],
    ['JSON', JSON.stringify({ secret })],
    ['util.inspect', inspect({ nested: { secret } }, { depth: 9, showHidden: true })],
    ['a joined array', [secret, 'x'].join()],
    ['its own keys', Object.keys(secret).join()],
  ])('does not show in %s', (_where, printed) => {
    expect(printed).not.toContain('correct-horse')
  })

  test('has a fingerprint that tells two values apart and shows neither', () => {
    expect(secret.fingerprint).toMatch(/^[0-9a-f]{16}$/)
    expect(new Secret('correct-horse-battery-stapl3').fingerprint).not.toBe(secret.fingerprint)
  })
})
