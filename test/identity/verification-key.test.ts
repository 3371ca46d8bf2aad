import { createSign, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  chooseKey,
  isSignedBy,
  readVerificationKey,
  sharedKey,
} from '../../src/identity/verification-key.ts'
import type { VerificationKey } from '../../src/identity/verification-key.ts'
import { part } from './log-in.ts'

const jwkOf = (key: { export(options: { format: 'jwk' }): object }): object =>
  key.export({ format: 'jwk' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const short = generateKeyPairSync('rsa', { modulusLength: 2040 })
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
const edwards = generateKeyPairSync('ed25519')
const algorithm = (jwk: unknown) => readVerificationKey(jwk)?.alg ?? null

describe('a published key', () => {
  test.each([
    ['RSA, without an algorithm', jwkOf(rsa.publicKey), 'RS256'],
    ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map(
      (alg): [string, object, string] => [alg, { ...jwkOf(rsa.publicKey), alg }, alg],
    ),
    ['P-256', jwkOf(ec('P-256').publicKey), 'ES256'],
    ['P-384', jwkOf(ec('P-384').publicKey), 'ES384'],
    ['P-521', jwkOf(ec('P-521').publicKey), 'ES512'],
    ['P-256, with its algorithm', { ...jwkOf(ec('P-256').publicKey), alg: 'ES256' }, 'ES256'],
    ['Ed25519', jwkOf(edwards.publicKey), 'EdDSA'],
    ['Ed25519 by its new name', { ...jwkOf(edwards.publicKey), alg: 'Ed25519' }, 'Ed25519'],
    ['a use and operations', { ...jwkOf(rsa.publicKey), use: 'sig', key_ops: ['verify'] }, 'RS256'],
  ])('is for one algorithm: %s', (_what, jwk, alg) => expect(algorithm(jwk)).toBe(alg))

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'key'],
    ['an empty object', {}],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }],
    ['a private key', jwkOf(rsa.privateKey)],
    ['a private key on a curve', jwkOf(ec('P-256').privateKey)],
    ['2040 bits', jwkOf(short.publicKey)],
    ['RSA for HS256', { ...jwkOf(rsa.publicKey), alg: 'HS256' }],
    ['RSA for no algorithm', { ...jwkOf(rsa.publicKey), alg: 'none' }],
    ['RSA for encryption', { ...jwkOf(rsa.publicKey), alg: 'RSA-OAEP' }],
    ['an algorithm that is no text', { ...jwkOf(rsa.publicKey), alg: 256 }],
    ['another curve’s algorithm', { ...jwkOf(ec('P-256').publicKey), alg: 'ES384' }],
    ['a curve nobody signs on', jwkOf(ec('secp256k1').publicKey)],
    ['X25519', jwkOf(generateKeyPairSync('x25519').publicKey)],
    ['Ed448', jwkOf(generateKeyPairSync('ed448').publicKey)],
    ['the use of encryption', { ...jwkOf(rsa.publicKey), use: 'enc' }],
    ['a use that is null', { ...jwkOf(rsa.publicKey), use: null }],
    ['the operation of signing', { ...jwkOf(rsa.publicKey), key_ops: ['sign'] }],
    ['operations that are no list', { ...jwkOf(rsa.publicKey), key_ops: 'verify' }],
    ['a key id that is no text', { ...jwkOf(rsa.publicKey), kid: 1 }],
    ['a point that is not on its curve', { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }],
    ['no modulus', { kty: 'RSA', e: 'AQAB' }],
  ])('is not used: %s', (_what, jwk) => expect(readVerificationKey(jwk)).toBeNull())

  test('keeps its name', () => {
    expect(readVerificationKey({ ...jwkOf(rsa.publicKey), kid: 'k1' })?.kid).toBe('k1')
    expect(readVerificationKey(jwkOf(rsa.publicKey))?.kid).toBeNull()
  })
})

describe('the key that a header means', () => {
  const key = (alg: string, kid: string | null): VerificationKey => ({
    ...sharedKey('x'.repeat(32)),
    alg,
    kid,
  })
  const [a, b, other, nameless] = [
    key('RS256', 'a'),
    key('RS256', 'b'),
    key('ES256', 'a'),
    key('RS256', null),
  ]
  const choose = (keys: readonly VerificationKey[], kid: string | null, alg = 'RS256') =>
    chooseKey(keys, { alg, typ: null, kid })

  test.each([
    ['by its name', [a, b], 'b', b],
    ['by its name and algorithm', [a, other], 'a', a],
    ['alone, without a name', [a], null, a],
    ['nameless, for any name', [nameless], 'z', nameless],
    ['nameless, without a name', [nameless], null, nameless],
    ['named, before the nameless', [nameless, a], 'a', a],
    ['nameless, where no name fits', [nameless, a], 'z', nameless],
    ['none: another name', [a, b], 'z', null],
    ['none: another algorithm', [other], 'a', null],
    ['none: two of them without a name', [a, b], null, null],
    ['none: two of one name', [a, { ...a }], 'a', null],
    ['none: a named one and a nameless, without a name', [nameless, a], null, null],
    ['none: two nameless', [nameless, { ...nameless }], 'z', null],
    ['none: no keys', [], 'a', null],
    ['nameless of another algorithm', [other, { ...nameless }], 'a', { ...nameless }],
  ])('%s', (_what, keys, kid, found) => expect(choose(keys, kid)).toEqual(found))
})

test('a signature counts only under the key’s own algorithm', async () => {
  const claims = part({ sub: '1001' })
  for (const [alg, digest] of [
    ['RS256', 'sha256'],
    ['RS512', 'sha512'],
  ] as const) {
    const text = `${part({ alg })}.${claims}`
    const token = `${text}.${createSign(digest).update(text).sign(rsa.privateKey, 'base64url')}`
    const key = readVerificationKey(jwkOf(rsa.publicKey))
    expect(key !== null && (await isSignedBy(token, key))).toBe(alg === 'RS256')
  }
})

test('what is no fault of the token is not taken for one', async () => {
  const broken = { ...sharedKey('x'), key: { type: 'secret' } as never }
  await expect(isSignedBy('e30.e30.AA', broken)).resolves.toBe(false)
  const token = `${part({ alg: 'HS256' })}.e30.AA`
  await expect(isSignedBy(token, broken)).rejects.toThrow(TypeError)
})

test('a shared secret is for HS256 and every name', () => {
  expect(sharedKey('secret')).toEqual({ alg: 'HS256', kid: null, key: Buffer.from('secret') })
})
