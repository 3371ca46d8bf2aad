import { createHmac, timingSafeEqual } from 'node:crypto'

import { isObject, readObject } from '../json.ts'

export const TOKEN_LIFETIME = 3600
const DIGEST_WINDOW = 300

export type TokenReading =
  | { readonly ok: true; readonly leadId: string; readonly madeAt: number }
  | { readonly ok: false; readonly reason: string }

/** What a look-up by digest answers: `{lead_id, iat, exp}`, one hour. */
export function makeLeadToken(secret: string, leadId: string, seconds: number): string {
  const header = encode({ alg: 'HS256', typ: 'JWT' })
  const payload = encode({ lead_id: leadId, iat: seconds, exp: seconds + TOKEN_LIFETIME })
  return `${header}.${payload}.${sign(secret, `${header}.${payload}`).toString('base64url')}`
}

/**
 * Checks a lead token by hand: three parts of canonical base64url, HS256 and nothing else, this
 * secret, and an end that is ahead, by an hour at most.
 */
export function readLeadToken(token: string, secret: string, nowSeconds: number): TokenReading {
  const parts = token.split('.')
  const [header, payload, signature] = parts.map(decodeBase64url)
  if (parts.length !== 3 || !header || !payload || !signature) return refused('not a JWS')

  const head = readObject(header)
  if (head === null) return refused('the header is not JSON')
  if (head['alg'] !== 'HS256') return refused('not HS256')
  if (head['crit'] !== undefined) return refused('it has a critical header')
  const signed = token.slice(0, token.lastIndexOf('.'))
  if (!isSame(sign(secret, signed), signature)) return refused('wrong signature')

  const claims: unknown = readObject(payload)
  if (!isObject(claims)) return refused('the payload is not JSON')
  const { lead_id: leadId, exp, iat, nbf } = claims
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return refused('no exp')
  if (exp <= nowSeconds) return refused('expired')
  if (exp > nowSeconds + TOKEN_LIFETIME) return refused('exp is more than an hour ahead')
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= nowSeconds)) {
    return refused('not valid yet')
  }
  if (typeof leadId !== 'string' || leadId === '') return refused('no lead_id')
  return { ok: true, leadId, madeAt: typeof iat === 'number' ? iat : exp - TOKEN_LIFETIME }
}

/** Null when the digest is good for the id, else why not. */
export function digestFault(
  proof: { readonly digest: string; readonly timestamp: string | undefined },
  id: string,
  secret: string,
  nowSeconds: number,
): string | null {
  if (proof.timestamp === undefined) return 'x-timestamp is missing'
  // Milliseconds have thirteen digits; they are refused by their form, before any arithmetic.
  if (!/^\d{10}$/.test(proof.timestamp)) return 'x-timestamp is not in seconds'
  if (Math.abs(nowSeconds - Number(proof.timestamp)) > DIGEST_WINDOW) {
    return 'x-timestamp is outside the window'
  }
  if (!/^[0-9a-f]{64}$/.test(proof.digest)) return 'the digest is not 64 lower-case hex digits'
  const expected = sign(secret, `${id}:${proof.timestamp}`)
  return isSame(expected, Buffer.from(proof.digest, 'hex')) ? null : 'wrong digest'
}

function sign(secret: string, message: string): Buffer {
  return createHmac('sha256', secret).update(message).digest()
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Null for padding, foreign letters, and stray bits at the end. */
function decodeBase64url(text: string): Buffer | null {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}

function refused(reason: string): TokenReading {
  return { ok: false, reason }
}
