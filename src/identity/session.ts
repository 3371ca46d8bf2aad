import { hash, randomUUID } from 'node:crypto'
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { Problem } from '../problem.ts'
import type { Secret } from '../secret.ts'
import { channelOf } from './identify.ts'
import type { Identifier } from './identify.ts'
import type { Revocations } from './revocations.ts'

/** A token that proves one shopper to this gateway, and when it ends (epoch milliseconds). */
export interface Session {
  readonly token: string
  readonly expiresAt: number
}

export interface Sessions {
  /** Makes a session for a shopper whom the shop's server has logged in. Canonical customer id. */
  create(customer: string): Promise<Session>
  readonly identify: Identifier
}

export interface SessionOptions {
  readonly secret: Secret
  /** Milliseconds. */
  readonly ttl: number
  readonly storefront: string
  /** Sessions of one environment are nothing in another. */
  readonly environment: string
  readonly revocations: Revocations
  readonly clock: Clock
}

// The media type in the header tells our sessions from other JWTs before any key is tried.
const TYPE = 'gatehouse-session+jwt'
const REMEMBERED = 50_000

const claimsSchema = z.object({
  sub: z.string(),
  jti: z.string(),
  env: z.string(),
  iat: z.number(),
  exp: z.number(),
})
type Claims = z.infer<typeof claimsSchema>

/** The gateway's own sessions: HS256, bound to one storefront and environment. */
export function createSessions(options: SessionOptions): Sessions {
  const key = Buffer.from(options.secret.reveal())
  // Checking a signature costs more than the rest of the call: what held once is remembered by
  // hash of the whole token, and its expiry and revocation are looked at every time.
  const verified = new LRUCache<string, Claims>({ max: REMEMBERED })

  const claimsOf = async (token: string): Promise<Claims> => {
    const digest = hash('sha256', token, 'base64url')
    const known = verified.get(digest)
    if (known !== undefined) return known
    const claims = await verify(token, key, options)
    verified.set(digest, claims)
    return claims
  }

  return {
    create: (customer) => create(customer, key, options),
    identify: async ({ bearer }, arrival) => {
      if (bearer === null || !isSession(bearer)) return null
      const claims = await claimsOf(bearer)
      refuseEnded(claims, options)
      return {
        kind: 'customer',
        channel: channelOf(arrival.headers),
        customer: claims.sub,
        expiresAt: claims.exp * 1000,
        session: claims.jti,
      }
    },
  }
}

async function create(customer: string, key: Buffer, options: SessionOptions): Promise<Session> {
  const iat = Math.floor(options.clock.now() / 1000)
  const exp = iat + Math.floor(options.ttl / 1000)
  const token = await new SignJWT({ env: options.environment })
    .setProtectedHeader({ alg: 'HS256', typ: TYPE })
    .setSubject(customer)
    .setAudience(options.storefront)
    .setJti(randomUUID())
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(key)
  return { token, expiresAt: exp * 1000 }
}

function isSession(token: string): boolean {
  try {
    return decodeProtectedHeader(token).typ === TYPE
  } catch {
    return false
  }
}

async function verify(token: string, key: Buffer, options: SessionOptions): Promise<Claims> {
  // jose reads more than one spelling of a signature; only the canonical one counts.
  if (!token.split('.').every(isCanonicalBase64url)) throw invalid()
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      typ: TYPE,
      audience: options.storefront,
      currentDate: new Date(options.clock.now()),
    })
    const claims = claimsSchema.safeParse(payload)
    if (!claims.success || claims.data.env !== options.environment) throw invalid()
    return claims.data
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw expired()
    if (error instanceof errors.JOSEError) throw invalid(error.code)
    throw error
  }
}

function isCanonicalBase64url(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part
}

function refuseEnded(claims: Claims, { clock, revocations }: SessionOptions): void {
  if (claims.exp * 1000 <= clock.now()) throw expired()
  if (revocations.isRevoked(claims.jti, claims.sub, claims.iat * 1000)) throw expired()
}

function expired(): Problem {
  return new Problem('identity/expired', 'The session has ended.')
}

function invalid(cause?: string): Problem {
  return new Problem('identity/invalid', 'The session is not valid here.', { cause })
}
