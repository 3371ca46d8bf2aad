import type { Arrival } from '../downstream/accept.ts'
import type { Clock } from '../clock.ts'
import { asProblem, Problem } from '../problem.ts'
import { channelOf } from './channel.ts'
import { readClaims, readCompactJws } from './compact-jws.ts'
import type { CompactJws } from './compact-jws.ts'
import { clearedCookie, readCookie } from './cookie.ts'
import type { Identifier } from './identify.ts'
import type { KeySource } from './key-source.ts'
import type { Principal, ProofFacts } from './principal.ts'
import { materialOf } from './proofs.ts'
import type { Material } from './proofs.ts'
import { createRemembered } from '../remembered.ts'
import { SESSION_TYPE } from './session.ts'
import { checkTokenTimes } from './token-times.ts'
import { chooseKey, isSignedBy } from './verification-key.ts'

export interface JwtOptions {
  readonly policy: TokenPolicy
  readonly keys: KeySource
  /** The cookie that holds the token; null: it comes as a bearer. */
  readonly cookie: string | null
  readonly clock: Clock
}

export type Claims = Readonly<Record<string, unknown>>

/** What a kind of token says, once its signature and times hold. */
export interface TokenPolicy {
  /** Whether claims that nobody has verified yet say that the token is this source's. */
  isMine(claims: Claims): boolean
  /** The canonical customer id, or null for a guest. Throws `identity/invalid`. */
  customerOf(claims: Claims): string | null
}

/** What a token that held once says; good until `expiresAt` while the keys are the same. */
interface Verified {
  readonly customer: string | null
  readonly expiresAt: number
  readonly epoch: string
}

const REMEMBERED = 200_000

/** Identifies shoppers by the tokens of the shop's own log-in. */
export function createJwtIdentifier(options: JwtOptions): Identifier {
  return options.cookie === null
    ? createBearerIdentifier(options)
    : createCookieIdentifier(options, options.cookie)
}

const BEARER = { isBearer: true } as const
const COOKIE = { isAmbient: true } as const

function createBearerIdentifier(options: JwtOptions): Identifier {
  const verifier = createVerifier(options)
  return ({ bearer }, arrival) => {
    if (bearer === null) return null
    const known = verifier.recall(bearer)
    if (known !== null) return principalOf(known, arrival, BEARER)
    const jws = mine(bearer.text, options.policy)
    if (jws === null) return null
    return verifier.verify(bearer, jws).then((verified) => principalOf(verified, arrival, BEARER))
  }
}

/** A cookie by this name is this source's whatever it holds; a bad one is a refusal, not an error. */
function createCookieIdentifier(options: JwtOptions, name: string): Identifier {
  const verifier = createVerifier(options)
  const refuse = (error: unknown): Principal => {
    const refusal = asProblem(error)
    if (refusal.code === 'identity/expired') {
      return { kind: 'anonymous', channel: 'browser', refusal, clearCookies: [clearedCookie(name)] }
    }
    // Cleared only where it has ended: what is wrong may be our configuration, and not the cookie.
    if (refusal.code === 'identity/invalid')
      return { kind: 'anonymous', channel: 'browser', refusal }
    throw error
  }
  return (_proofs, arrival) => {
    const token = readCookie(arrival.headers['cookie'], name)
    if (token === null) return null
    const material = materialOf(token)
    const known = verifier.recall(material)
    if (known !== null) return principalOf(known, arrival, COOKIE)
    const jws = mine(token, options.policy)
    if (jws === null) return refuse(invalid('The cookie holds no token of the log-in.'))
    return verifier
      .verify(material, jws)
      .then((verified) => principalOf(verified, arrival, COOKIE))
      .catch(refuse)
  }
}

function principalOf(
  { customer, expiresAt }: Verified,
  { headers }: Arrival,
  proof: ProofFacts,
): Principal {
  const channel = proof.isAmbient === true ? 'browser' : channelOf(headers)
  if (customer === null) return { kind: 'anonymous', channel, ...proof }
  return { kind: 'customer', channel, customer, expiresAt, session: null, ...proof }
}

function mine(token: string, policy: TokenPolicy): (CompactJws & { claims: Claims }) | null {
  const jws = readCompactJws(token)
  // A gateway session is never an issuer's token, whatever its claims say.
  if (jws === null || jws.header.typ === SESSION_TYPE) return null
  const claims = readClaims(jws.payload)
  return claims !== null && policy.isMine(claims) ? { ...jws, claims } : null
}

function createVerifier({ policy, keys, clock }: JwtOptions) {
  const remembered = createRemembered<Verified>(REMEMBERED)

  /** Checking a signature costs more than the rest of a call. */
  function recall({ digest }: Material): Verified | null {
    const known = remembered.get(digest)
    if (known === undefined) return null
    const isGood = known.expiresAt > clock.now() && keys.current()?.epoch === known.epoch
    if (isGood) return known
    remembered.delete(digest)
    return null
  }

  async function verify(
    { text, digest }: Material,
    { header, claims }: CompactJws & { claims: Claims },
  ): Promise<Verified> {
    let set = await keys.load()
    const { kid } = header
    if (kid !== null && !set.keys.some((key) => key.kid === kid)) set = await keys.reload()
    const key = chooseKey(set.keys, header)
    if (key === null || !(await isSignedBy(text, key))) {
      throw invalid('The token is not signed by the log-in.')
    }
    const expiresAt = checkTokenTimes(claims, clock.now())
    const verified = { customer: policy.customerOf(claims), expiresAt, epoch: set.epoch }
    remembered.set(digest, verified)
    return verified
  }

  return { recall, verify }
}

function invalid(detail: string): Problem {
  return new Problem('identity/invalid', detail)
}
