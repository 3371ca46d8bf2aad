import type { Arrival } from '../downstream/accept.ts'
import { Problem } from '../problem.ts'

/** What the caller brought to prove itself, before anybody has looked at it. */
export interface Proofs {
  /** `Authorization: Bearer …`. */
  readonly bearer: string | null
  /** Key headers of the providers' own plugins; each may hold a widget's placeholder. */
  readonly keys: readonly string[]
}

// RFC 6750 §2.1: the alphabet of a bearer token.
const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i

/** Takes the proofs out of the headers. Another authorization scheme is refused, not ignored. */
export function readProofs(headers: Arrival['headers']): Proofs {
  const { authorization } = headers
  const bearer = authorization === undefined ? null : BEARER.exec(authorization)?.[1]
  if (bearer === undefined) {
    throw new Problem('identity/invalid', 'Authorization must be a bearer token.')
  }
  const keys = [headers['x-shop-api-key'], headers['x-apikey']]
  return { bearer, keys: keys.filter((key) => key !== undefined) }
}
