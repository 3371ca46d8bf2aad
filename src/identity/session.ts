import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { asProblem, Problem } from '../problem.ts'
import type { Secret } from '../secret.ts'
import { channelOf } from './channel.ts'
import { readClaims, readCompactJws } from './compact-jws.ts'
import type { CompactJws } from './compact-jws.ts'
import { clearedCookie, readCookie, SESSION_COOKIE } from './cookie.ts'
import type { Identifier } from './identify.ts'
import type { AnonymousPrincipal, CustomerPrincipal, ProofFacts } from './principal.ts'
import { materialOf } from './proofs.ts'
import type { Material } from './proofs.ts'
import { createRemembered } from '../remembered.ts'
import type { Revocations } from './revocations.ts'
import { isSignedBy, sharedKey } from './verification-key.ts'
import type { VerificationKey } from './verification-key.ts'

/** A token that proves one shopper to this gateway, and when it ends (epoch milliseconds). */
export interface Session {
  readonly token: string
  readonly expiresAt: number
}

export interface Sessions {
  /** Makes a session for a shopper whom the shop's server has logged in. Canonical customer id. */
  create(customer: string): Promise<Session>
  /** The session as a bearer. */
  readonly identify: Identifier
  /** The session in its cookie. */
  readonly identifyCookie: Identifier
}

/** Which of the two secrets has signed a session, as the configuration names it. */
export type SessionSecret = 'secret' | 'previousSecret'

/** A session was good under this secret. Called for each one, so it must be cheap. */
export type OnSecretUsed = (storefront: string, secret: SessionSecret) => void

export interface SessionOptions {
  /** Signs new sessions. */
  readonly secret: Secret
  /** Still checks those that were signed before a rotation; null where there is none. */
  readonly previousSecret: Secret | null
  /** Milliseconds. */
  readonly ttl: number
  readonly storefront: string
  /** Sessions of one environment are nothing in another. */
  readonly environment: string
  readonly revocations: Revocations
  readonly clock: Clock
  readonly onSecretUsed?: OnSecretUsed | undefined
}

/** The media type in the header tells our sessions from other JWTs before any key is tried. */
export const SESSION_TYPE = 'gatehouse-session+jwt'
const REMEMBERED = 200_000

const claimsSchema = z.object({
  sub: z.string(),
  aud: z.string(),
  jti: z.string(),
  env: z.string(),
  iat: z.number(),
  exp: z.number(),
})

/** What is remembered: in one object, because there are many. */
interface Verified extends z.infer<typeof claimsSchema> {
  readonly signedWith: SessionSecret
}

interface SessionKey {
  readonly name: SessionSecret
  readonly key: VerificationKey
}

const BEARER = { isBearer: true } as const
const COOKIE = { isAmbient: true } as const

/** The gateway's own sessions: HS256, bound to one storefront and environment. */
export function createSessions(options: SessionOptions): Sessions {
  const { secret, previousSecret } = options
  const keys = [sessionKey('secret', secret)]
  if (previousSecret !== null) keys.push(sessionKey('previousSecret', previousSecret))
  // Checking a signature costs more than the rest of the call: what held once is remembered by
  // hash of the whole token, and its expiry and revocation are looked at every time.
  const verified = createRemembered<Verified>(REMEMBERED)

  const verifyOnce = async ({ text, digest }: Material, jws: CompactJws): Promise<Verified> => {
    const claims = await verify(text, jws, keys, options)
    verified.set(digest, claims)
    return claims
  }

  return {
    create: (customer) => create(customer, Buffer.from(secret.reveal()), options),

    identify({ bearer }, arrival) {
      if (bearer === null) return null
      const channel = channelOf(arrival.headers)
      const known = verified.get(bearer.digest)
      if (known !== undefined) return principalOf(known, channel, BEARER, options)
      const jws = readSession(bearer.text)
      if (jws === null) return null
      return verifyOnce(bearer, jws).then((claims) => principalOf(claims, channel, BEARER, options))
    },

    identifyCookie(_proofs, arrival) {
      const token = readCookie(arrival.headers['cookie'], SESSION_COOKIE)
      if (token === null) return null
      const material = materialOf(token)
      const known = verified.get(material.digest)
      if (known !== undefined) return cookiePrincipal(known, options)
      const jws = readSession(token)
      if (jws === null) return refuseCookie(invalid())
      return verifyOnce(material, jws)
        .then((claims) => principalOf(claims, 'browser', COOKIE, options))
        .catch(refuseCookie)
    },
  }
}

async function create(customer: string, key: Buffer, options: SessionOptions): Promise<Session> {
  const iat = Math.floor(options.clock.now() / 1000)
  const exp = iat + Math.floor(options.ttl / 1000)
  const token = await new SignJWT({ env: options.environment })
    .setProtectedHeader({ alg: 'HS256', typ: SESSION_TYPE })
    .setSubject(customer)
    .setAudience(options.storefront)
    .setJti(randomUUID())
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(key)
  return { token, expiresAt: exp * 1000 }
}

function readSession(token: string): CompactJws | null {
  const jws = readCompactJws(token)
  return jws?.header.typ === SESSION_TYPE ? jws : null
}

async function verify(
  token: string,
  { payload }: CompactJws,
  keys: readonly SessionKey[],
  { storefront, environment }: SessionOptions,
): Promise<Verified> {
  const signedWith = await signerOf(token, keys)
  if (signedWith === null) throw invalid()
  const { data } = claimsSchema.safeParse(readClaims(payload))
  if (data?.aud !== storefront || data.env !== environment) throw invalid()
  return { ...data, signedWith }
}

function sessionKey(name: SessionSecret, secret: Secret): SessionKey {
  return { name, key: sharedKey(secret.reveal()) }
}

/** Null where none of them has signed it. */
async function signerOf(
  token: string,
  [first, ...others]: readonly SessionKey[],
): Promise<SessionSecret | null> {
  if (first === undefined) return null
  return (await isSignedBy(token, first.key)) ? first.name : signerOf(token, others)
}

/** Throws `identity/expired` for a session that has ended, by itself or early. */
function principalOf(
  claims: Verified,
  channel: CustomerPrincipal['channel'],
  proof: ProofFacts,
  { clock, revocations, storefront, onSecretUsed }: SessionOptions,
): CustomerPrincipal {
  const isOver = claims.exp * 1000 <= clock.now()
  if (isOver || revocations.isRevoked(claims.jti, claims.sub, claims.iat * 1000)) throw expired()
  // Not before: a page that keeps sending a dead session must not keep its secret in use.
  onSecretUsed?.(storefront, claims.signedWith)
  return {
    kind: 'customer',
    channel,
    customer: claims.sub,
    expiresAt: claims.exp * 1000,
    session: claims.jti,
    ...proof,
  }
}

function cookiePrincipal(
  claims: Verified,
  options: SessionOptions,
): CustomerPrincipal | AnonymousPrincipal {
  try {
    return principalOf(claims, 'browser', COOKIE, options)
  } catch (error) {
    return refuseCookie(error)
  }
}

/** Our own cookie is cleared whatever is wrong with it: nobody can log in over a dead one. */
function refuseCookie(error: unknown): AnonymousPrincipal {
  const refusal = asProblem(error)
  if (!refusal.code.startsWith('identity/')) throw error
  const clearCookies = [clearedCookie(SESSION_COOKIE)]
  return { kind: 'anonymous', channel: 'browser', refusal, clearCookies }
}

function expired(): Problem {
  return new Problem('identity/expired', 'The session has ended.')
}

function invalid(): Problem {
  return new Problem('identity/invalid', 'The session is not valid here.')
}
