import { createPublicKey } from 'node:crypto'
import type { JsonWebKey as NodeJwk, KeyObject } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import type { JwsHeader } from './compact-jws.ts'

/** A key that checks signatures of exactly one algorithm: the token does not get to choose. */
export interface VerificationKey {
  readonly alg: string
  /** Null for a key that has no name; it fits a token that names any. */
  readonly kid: string | null
  readonly key: KeyObject | Uint8Array
}

const RSA_ALGORITHMS = new Set(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])
const EC_ALGORITHMS = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
])
// RFC 7518 §3.3.
const MIN_RSA_BITS = 2048

/**
 * A public key of a key set; null where it is not one that signatures are checked with here.
 * Symmetric and private keys have no business in a published set. An RSA key that names no
 * algorithm is for RS256; a curve has one algorithm.
 */
export function readVerificationKey(jwk: unknown): VerificationKey | null {
  if (typeof jwk !== 'object' || jwk === null) return null
  const fields: Readonly<Record<string, unknown>> = { ...jwk }
  const alg = algorithmOf(fields)
  if (alg === null || !isForSignatures(fields) || fields['d'] !== undefined) return null
  const { kid = null } = fields
  if (kid !== null && typeof kid !== 'string') return null
  const key = toKeyObject(fields)
  if (key === null || (key.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS) < MIN_RSA_BITS) {
    return null
  }
  return { alg, kid, key }
}

/** HS256 with a shared secret. */
export function sharedKey(secret: string): VerificationKey {
  return { alg: 'HS256', kid: null, key: Buffer.from(secret) }
}

/** The one key that the header means; null for none, and for more than one. */
export function chooseKey(
  keys: readonly VerificationKey[],
  { alg, kid }: JwsHeader,
): VerificationKey | null {
  const fitting = keys.filter(
    (key) => key.alg === alg && (kid === null || key.kid === null || key.kid === kid),
  )
  const named = fitting.filter((key) => kid !== null && key.kid === kid)
  const [key = null, ...others] = named.length > 0 ? named : fitting
  return others.length === 0 ? key : null
}

/** Whether the signature holds under this key and its algorithm. */
export async function isSignedBy(token: string, { alg, key }: VerificationKey): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [alg] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}

function algorithmOf({ kty, crv, alg }: Readonly<Record<string, unknown>>): string | null {
  const fitting = algorithmsOf(kty, crv)
  if (alg === undefined) return fitting[0] ?? null
  return fitting.find((known) => known === alg) ?? null
}

/** What a kind of key is used with, the usual one first. */
function algorithmsOf(kty: unknown, crv: unknown): readonly string[] {
  if (kty === 'RSA') return [...RSA_ALGORITHMS]
  if (kty === 'EC') return [EC_ALGORITHMS.get(String(crv)) ?? []].flat()
  return kty === 'OKP' && crv === 'Ed25519' ? ['EdDSA', 'Ed25519'] : []
}

/** RFC 7517 §4.2, §4.3. */
function isForSignatures({ use, key_ops: operations }: Readonly<Record<string, unknown>>): boolean {
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

function toKeyObject(jwk: Readonly<Record<string, unknown>>): KeyObject | null {
  try {
    return createPublicKey({ key: jwk as NodeJwk, format: 'jwk' })
  } catch {
    return null
  }
}
