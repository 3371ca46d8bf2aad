import { describe, expect, test } from 'vitest'
import { Secret, secretOf, secretSchema } from '../../src/secret.ts'

const refusal = (value: unknown, schema = secretSchema) =>
  schema.safeParse(value).error?.issues.map((issue) => issue.message)

describe('a configured secret', () => {
  test('comes out as a Secret', () => {
    const secret = secretSchema.parse('correct-horse-battery-staple')
    expect(secret).toBeInstanceOf(Secret)
    expect(secret.reveal()).toBe('correct-horse-battery-staple')
  })

  test.each([
    'sk_0123456789abcdef0123456789abcdef',
    'nector_signing_secret_test',
    '12345678901234567890',
    '0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9',
    'test-session-secret-of-the-test-session',
    'Zm9vYmFyYmF6cXV4eHh4eHh4eHh4',
    'a<b>c[d]{e}f(g)h',
  ])('may look like %s', (value) => expect(refusal(value)).toBeUndefined())

  test.each(['', ' ', '\n\t  '])('T27: %j is empty', (value) => {
    expect(refusal(value)).toEqual(['is empty'])
  })

  test.each([
    'changeme',
    'CHANGE_ME',
    'change-me-please',
    'your-api-key',
    'YOUR_SIGNING_SECRET',
    'your session secret goes here 1234',
    'xxx',
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'XXXX-XXXX-XXXX',
    'sk_xxxxxxxxxxxxxxxx',
    '****************',
    '................',
    '<api key>',
    '<hex of SHA-256>',
    'sk_<32 hex>',
    '[api key]',
    '{{ .Values.key }}',
    'secret',
    'my-secret-key',
    'supersecret',
    'todo',
    'example',
    'replace_me',
    'password',
    'undefined',
    'null',
    '${API_KEY}',
    'sk_${API_KEY}',
    '$API_KEY',
    '%API_KEY%',
  ])('T27: %s is a placeholder', (value) => {
    expect(refusal(value)).toEqual(['is a placeholder, not a secret'])
  })

  test.each([
    ['a1b2c3d', 'is too short: a secret has at least 8 characters'],
    ['a1b2c3d4\n', 'has white space around it'],
    [' a1b2c3d4', 'has white space around it'],
    ['a1b2\nc3d4', 'holds a line break or another control character'],
    ['a1b2\u0000c3d4', 'holds a line break or another control character'],
  ])('T27: %j %s', (value, message) => expect(refusal(value)).toEqual([message]))

  test.each([undefined, null, 12345678, true, ['a1b2c3d4'], {}])('may not be %j', (value) => {
    expect(secretSchema.safeParse(value).success).toBe(false)
  })

  test('can be required to be longer', () => {
    const value = 'kT8s-0123456789abcdefghijklmnop'
    expect(refusal(value, secretOf(32))).toEqual([
      'is too short: a secret has at least 32 characters',
    ])
    expect(refusal(`${value}q`, secretOf(32))).toBeUndefined()
  })
})
