import { Problem } from '../problem.ts'

/** How far an issuer's clock may be ahead of ours. */
const SKEW = 60_000
/** A token that is good for longer is a mistake, or somebody's master key. */
const LONGEST = 400 * 24 * 3_600_000

/**
 * The times of a verified token (RFC 7519 §4.1.4–6): `exp` and `iat` must be there, `nbf` may be,
 * and all are numbers. Returns when it ends, epoch milliseconds. A token is not used after its
 * `exp` even where clocks differ; the skew only forgives an issuer who is ahead.
 *
 * Throws `identity/expired` or `identity/invalid`. @param now epoch milliseconds
 */
export function checkTokenTimes(claims: Readonly<Record<string, unknown>>, now: number): number {
  const { exp, iat, nbf = iat } = claims
  if (!isTime(exp) || !isTime(iat) || !isTime(nbf)) {
    throw new Problem('identity/invalid', 'The token does not say when it begins and ends.')
  }
  if (exp * 1000 <= now) throw new Problem('identity/expired', 'The token has expired.')
  if (iat * 1000 > now + SKEW || nbf * 1000 > now + SKEW) {
    throw new Problem('identity/invalid', 'The token is not valid yet.')
  }
  if (exp * 1000 > now + LONGEST || exp <= iat) {
    throw new Problem('identity/invalid', 'The token ends at an impossible time.')
  }
  return exp * 1000
}

/** RFC 7519 §2, NumericDate. JSON spells neither NaN nor Infinity, but `1e999` becomes one. */
function isTime(value: unknown): value is number {
  return Number.isFinite(value) && Number(value) >= 0
}
