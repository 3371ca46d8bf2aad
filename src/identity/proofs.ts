import { hash } from 'node:crypto'
import type { Arrival } from '../downstream/accept.ts'
import { Problem } from '../problem.ts'

/** What the caller brought to prove itself, before anybody has looked at it. */
export interface Proofs {
  /** `Authorization: Bearer …`; null once a source has claimed it. */
  readonly bearer: Material | null
  /** Key headers of the providers' own plugins; each may hold a widget's placeholder. */
  readonly keys: readonly string[]
}

/** A proof with the name by which a verified one is remembered. */
export interface Material {
  readonly text: string
  /** Lower-case hex of SHA-256 over the whole text. */
  readonly digest: string
}

// RFC 6750 §2.1: the alphabet of a bearer token.
const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i
const NO_KEYS: readonly string[] = []

/** Takes the proofs out of the headers. Another authorization scheme is refused, not ignored. */
export function readProofs(headers: Arrival['headers']): Proofs {
  return { bearer: readBearer(headers['authorization']), keys: readKeys(headers) }
}

/** Hashed once, for whichever source remembers it. */
export function materialOf(text: string): Material {
  return { text, digest: hash('sha256', text, 'hex') }
}

function readBearer(authorization: string | undefined): Material | null {
  if (authorization === undefined) return null
  const token = BEARER.exec(authorization)?.[1]
  if (token === undefined) {
    throw new Problem('identity/invalid', 'Authorization must be a bearer token.')
  }
  return materialOf(token)
}

function readKeys(headers: Arrival['headers']): readonly string[] {
  const shopKey = headers['x-shop-api-key']
  const apiKey = headers['x-apikey']
  if (shopKey === undefined && apiKey === undefined) return NO_KEYS
  return [shopKey, apiKey].filter((key) => key !== undefined)
}
