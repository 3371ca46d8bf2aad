import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readClaims, readCompactJws } from '../../src/identity/compact-jws.ts'
import { part, signHs256 } from './log-in.ts'

const good = signHs256({ sub: '1' }, undefined, { kid: 'k1' })
const [header = '', payload = '', signature = ''] = good.split('.')

/** A token of so many characters that is good but for its length. */
function sized(length: number): string {
  // No text of base64url has one character more than a multiple of four.
  const rest = length - header.length - 2 - 42
  const payload = rest % 4 === 1 ? rest - 1 : rest
  return `${header}.${'A'.repeat(payload)}.${'A'.repeat(length - header.length - 2 - payload)}`
}

describe('a token in compact form', () => {
  test('is taken apart', () => {
    expect(readCompactJws(good)).toEqual({
      header: { alg: 'HS256', typ: 'JWT', kid: 'k1' },
      payload: '{"sub":"1"}',
    })
  })

  test('needs neither a type nor a key id', () => {
    const { header } = readCompactJws(`${part({ alg: 'ES256' })}.${payload}.${signature}`) ?? {}
    expect(header).toEqual({ alg: 'ES256', typ: null, kid: null })
  })

  test.each([
    ['nothing', ''],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${good}.${signature}`],
    ['five parts, as encrypted ones have', `${good}.${payload}.${signature}`],
    ['an empty header', `.${payload}.${signature}`],
    ['an empty payload', `${header}..${signature}`],
    ['an empty signature', `${header}.${payload}.`],
    ['white space before it', ` ${good}`],
    ['white space behind it', `${good} `],
    ['a line break behind it', `${good}\n`],
    ['a line break in it', `${header}.\n${payload}.${signature}`],
    ['padding', `${good}=`],
    ['standard base64', `${header}.${payload}.${signature.slice(0, -1)}+`],
    ['a percent sign', `${header}.${payload}.%41`],
    ['JSON instead', '{"payload":"e30","signatures":[]}'],
    [
      'a header that is no JSON',
      `${Buffer.from('{').toString('base64url')}.${payload}.${signature}`,
    ],
    ['a header that is a list', `${part(['HS256'])}.${payload}.${signature}`],
    ['a header that is null', `${part(null)}.${payload}.${signature}`],
    ['no algorithm', `${part({ typ: 'JWT' })}.${payload}.${signature}`],
    ['an algorithm that is no text', `${part({ alg: ['HS256'] })}.${payload}.${signature}`],
    ['a type that is no text', `${part({ alg: 'HS256', typ: 1 })}.${payload}.${signature}`],
    ['a key id that is no text', `${part({ alg: 'HS256', kid: 1 })}.${payload}.${signature}`],
    ['8193 characters', sized(8193)],
  ])('is not read with %s', (_what, token) => expect(readCompactJws(token)).toBeNull())

  test.each(['jku', 'jwk', 'x5u', 'crit', 'b64'])('T21: is not read with %s', (name) => {
    for (const value of ['https://evil.example', null, false, [], {}]) {
      expect(
        readCompactJws(`${part({ alg: 'RS256', [name]: value })}.${payload}.${signature}`),
      ).toBeNull()
    }
  })

  test('of 8192 characters is read', () => {
    expect(readCompactJws(sized(8192))).not.toBeNull()
  })

  test('has one spelling: no other text is read as the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        const canonical = Buffer.from(bytes).toString('base64url')
        const read = (part: string) => readCompactJws(`${header}.${payload}.${part}`)
        expect(read(canonical)).not.toBeNull()
        for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
          const other = canonical.slice(0, -1) + last
          const isSame = Buffer.from(other, 'base64url').equals(Buffer.from(bytes))
          if (isSame && other !== canonical) expect(read(other)).toBeNull()
        }
      }),
    )
  })
})

describe('claims', () => {
  test.each([
    ['{}', {}],
    ['{"a":[1]}', { a: [1] }],
  ])('%s', (text, claims) => {
    expect(readClaims(text)).toEqual(claims)
  })

  test.each(['', '[]', 'null', '1', '"a"', '{', '{"a":NaN}', '{}{}'])('%j are none', (text) => {
    expect(readClaims(text)).toBeNull()
  })
})
