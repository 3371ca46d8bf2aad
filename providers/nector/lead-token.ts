import { errors, jwtVerify, SignJWT } from 'jose'
import type { JWTPayload } from 'jose'
import { Problem } from '../../src/problem.ts'
import type { Secret } from '../../src/secret.ts'

/** A lead token lives an hour and is renewed after 50 to 55 minutes (wire facts §2.5). */
export const LEAD_TOKEN_LIFETIME = 3_600_000
export const LEAD_TOKEN_REFRESH = 3_000_000
export const LEAD_TOKEN_JITTER = 300_000

/** Clocks of two honest machines differ by at most this (threats T23). */
const SKEW_SECONDS = 60

export interface LeadTokenContent {
  readonly leadId: string
  /** Epoch milliseconds. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/**
 * Path A: the JWT that proves a lead, made here: HS256 under the key's signing secret, with
 * `lead_id`, `iat`, `exp` and nothing else.
 *
 * @param now epoch milliseconds, cut to the second
 */
export function mintLeadToken(leadId: string, secret: Secret, now: number): Promise<string> {
  const iat = Math.floor(now / 1000)
  return new SignJWT({ lead_id: leadId, iat, exp: iat + LEAD_TOKEN_LIFETIME / 1000 })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(Buffer.from(secret.reveal()))
}

/**
 * Checks a lead token that came from outside: one of our secrets, HS256, at most an hour, a lead in it.
 * Throws `tokens/exchange-mismatch` for anything else.
 *
 * @param now epoch milliseconds
 */
export async function verifyLeadToken(
  token: string,
  trusted: readonly Secret[],
  now: number,
): Promise<LeadTokenContent> {
  const { lead_id: leadId, iat, exp } = await verifiedClaims(token, trusted, now)
  if (typeof leadId !== 'string' || !/^[A-Za-z0-9_-]{1,128}$/.test(leadId)) {
    throw mismatch('it names no lead')
  }
  const expiresAt = Number(exp) * 1000
  if (expiresAt > now + LEAD_TOKEN_LIFETIME + SKEW_SECONDS * 1000) {
    throw mismatch('it lives longer than an hour')
  }
  return { leadId, issuedAt: iat === undefined ? now : iat * 1000, expiresAt }
}

async function verifiedClaims(
  token: string,
  [secret, ...others]: readonly Secret[],
  now: number,
): Promise<JWTPayload> {
  // jose accepts other spellings of the same signature; only the canonical one is compared and kept.
  if (secret === undefined || !isCanonicalCompactForm(token)) throw mismatch('not a compact JWS')
  try {
    const { payload } = await jwtVerify(token, Buffer.from(secret.reveal()), {
      algorithms: ['HS256'],
      currentDate: new Date(now),
      clockTolerance: SKEW_SECONDS,
      requiredClaims: ['exp'],
    })
    return payload
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    if (error instanceof errors.JWSSignatureVerificationFailed && others.length > 0) {
      return verifiedClaims(token, others, now)
    }
    throw mismatch(error.code)
  }
}

function isCanonicalCompactForm(token: string): boolean {
  const parts = token.split('.')
  return parts.length === 3 && parts.every(isCanonicalBase64url)
}

function isCanonicalBase64url(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part
}

function mismatch(cause: string): Problem {
  return new Problem(
    'tokens/exchange-mismatch',
    'Nector answered with a token that is not this shopper’s.',
    { cause },
  )
}
