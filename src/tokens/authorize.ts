/**
 * Stage 4: authorized.
 *
 * Owns the life of every credential that goes upstream: which key, which token, when it is made,
 * renewed, thrown away and made again. Knows *when*; the provider knows *what*. Each token is
 * found by its whole tuple, made once for all who wait, renewed ahead of its end in the
 * background, and replaced at most once when the upstream refuses it.
 *
 * Does not decide who may call and forwards nothing. Called by the gateway after the decision, and
 * again when a credential was refused.
 */
import type { Clock } from '../clock.ts'
import { asProblem, Problem } from '../problem.ts'
import type { AnswerHead, Credential, Send, Token, TokenKind, Upstream } from '../provider.ts'
import { createAccounts } from './accounts.ts'
import { createTokenCache } from './cache.ts'
import type { Entry } from './cache.ts'
import { createClockOffsets } from './clock-offsets.ts'
import { createCoolDowns } from './cool-downs.ts'
import type { TokenEvent } from './event.ts'
import { isSameTuple, tokenKey } from './key.ts'
import type { TokenTuple } from './key.ts'
import { createKeyChoice } from './key-choice.ts'
import { createMint } from './mint.ts'
import { createSingleFlight } from './single-flight.ts'

export interface TokensOptions {
  readonly clock: Clock
  /** One exchange with an upstream, on a connection of its own. */
  readonly exchange: (upstream: Upstream) => Send
  /** In [0, 1): spreads renewals and cool-downs. */
  readonly random: () => number
  readonly onEvent: (event: TokenEvent) => void
  /** Most tokens, and most customers, kept in memory. */
  readonly capacity: number
}

/** What needs a credential. */
export interface Demand {
  readonly storefront: string
  readonly upstream: Upstream
  readonly credential: Credential
  /** Canonical customer id; null for nobody's. */
  readonly customer: string | null
  /** The call may be sent twice. */
  readonly isReplayable: boolean
}

/** A demand with the credential that answers it. */
export interface Authorization {
  readonly demand: Demand
  /** The one that was chosen: during a rotation it may be a fallback. */
  readonly credential: Credential
  readonly tuple: TokenTuple
  readonly token: Token | null
  /** The id by which the upstream knows the customer; null where it is not known. */
  readonly account: string | null
  /** The clock correction it was made under. */
  readonly epoch: number
}

export interface Tokens {
  /** A value where one is at hand, else a promise. Throws `tokens/*` and `upstream/*` problems. */
  authorize(demand: Demand): Authorization | Promise<Authorization>
  /**
   * The upstream refused the credential: another one to send the call with once more, or null
   * where there is none. The refused token is not used again. Throws `tokens/*`.
   */
  recover(refused: Authorization, answer: AnswerHead): Promise<Authorization | null>
  /** The call was refused a second time: final, and a cool-down begins. */
  giveUp(refused: Authorization, first: Authorization): void
  /** The upstream answered that it does not know the account that the token names. */
  accountGone(authorization: Authorization): void
  /** The upstream took the credential. */
  accepted(authorization: Authorization): void
  readonly sizes: { readonly tokens: number; readonly accounts: number }
}

/** Failures are remembered this long, spread so that the retries do not come together. */
const COOL_DOWN = { from: 1_000, to: 5_000 }

export function createTokens(options: TokensOptions): Tokens {
  const { clock, random, onEvent } = options
  const cache = createTokenCache(options.capacity)
  const accounts = createAccounts(options.capacity)
  const offsets = createClockOffsets(clock)
  const keys = createKeyChoice(clock)
  const failures = createCoolDowns()
  const flights = createSingleFlight<Entry>()
  const mint = createMint({ ...options, accounts, offsets })

  function authorize(demand: Demand): Authorization | Promise<Authorization> {
    const { credential, storefront, isReplayable } = demand
    return authorizeWith(keys.choose(credential, storefront, isReplayable), demand)
  }

  function authorizeWith(
    credential: Credential,
    demand: Demand,
  ): Authorization | Promise<Authorization> {
    const tuple = tupleOf(demand, credential)
    const kind = credential.token
    const epoch = offsets.epoch(demand.upstream.origin)
    const bare = { demand, credential, tuple, token: null, account: null, epoch }
    if (kind === null) return bare

    const now = clock.monotonic()
    const entry = cache.get(tuple, epoch, now)
    if (entry !== null) {
      if (now >= entry.shouldRefreshAt) refreshInBackground(demand, kind, tuple)
      return authorizationOf(demand, credential, entry)
    }
    if (kind.optional && !canMintHere(kind, tuple)) return bare
    const failure = failures.find(tokenKey(tuple), now)
    if (failure !== null) throw failure
    return obtain(demand, credential, kind, tuple)
  }

  /** An optional token is not worth an exchange, and none is made for nobody. */
  function canMintHere(kind: TokenKind, tuple: TokenTuple): boolean {
    return kind.per === 'storefront' || (tuple.customer !== null && accounts.find(tuple) !== null)
  }

  async function obtain(
    demand: Demand,
    credential: Credential,
    kind: TokenKind,
    tuple: TokenTuple,
  ): Promise<Authorization> {
    try {
      const entry = await make(demand.upstream, kind, tuple)
      return authorizationOf(demand, credential, entry)
    } catch (error) {
      const problem = asProblem(error)
      // The other live key may be the one that the upstream knows.
      if (problem.code !== 'tokens/exchange-refused' || credential.fallback === null) throw problem
      keys.refused(credential, demand.storefront)
      return authorizeWith(credential.fallback, demand)
    }
  }

  /** One mint at a time for each tuple; its failure is remembered for all who ask next. */
  async function make(upstream: Upstream, kind: TokenKind, tuple: TokenTuple): Promise<Entry> {
    const key = tokenKey(tuple)
    const entry = await flights.run(key, async () => {
      try {
        const made = await mint(upstream, kind, tuple)
        cache.put(made)
        failures.end(key)
        return made
      } catch (error) {
        const problem = asProblem(error)
        failures.start(key, problem, coolDownEnd())
        onEvent({ type: 'mint-failed', tuple, code: problem.code, problem })
        throw problem
      }
    })
    if (!isSameTuple(entry.tuple, tuple)) throw new Error('a shared mint made another one’s token')
    return entry
  }

  function coolDownEnd(): number {
    return clock.monotonic() + COOL_DOWN.from + random() * (COOL_DOWN.to - COOL_DOWN.from)
  }

  function refreshInBackground(demand: Demand, kind: TokenKind, tuple: TokenTuple): void {
    const key = tokenKey(tuple)
    if (flights.isRunning(key) || failures.find(key, clock.monotonic()) !== null) return
    // The caller is served meanwhile. A failure has been remembered and told where it happened.
    make(demand.upstream, kind, tuple).catch(() => undefined)
  }

  async function recover(
    refused: Authorization,
    answer: AnswerHead,
  ): Promise<Authorization | null> {
    const { demand, credential, tuple, token } = refused
    onEvent({ type: 'rejected', tuple })
    if (token !== null) cache.remove(tuple, token.value)
    const isCorrected = learnClock(demand.upstream, answer.headers)
    const epoch = offsets.epoch(demand.upstream.origin)
    const newer = cache.get(tuple, epoch, clock.monotonic())
    if (newer !== null) return authorizationOf(demand, credential, newer)
    if (failures.find(restKey(tuple), clock.monotonic()) !== null) return null
    if (!isCorrected && refused.epoch === epoch && credential.fallback !== null) {
      keys.refused(credential, demand.storefront)
      return authorizeWith(credential.fallback, demand)
    }
    return credential.token === null ? null : remint(refused, credential.token)
  }

  async function remint(refused: Authorization, kind: TokenKind): Promise<Authorization | null> {
    const { demand, credential, tuple, token } = refused
    const failure = failures.find(tokenKey(tuple), clock.monotonic())
    if (failure !== null) throw failure
    const again = await obtain(demand, credential, kind, tuple)
    if (again.token?.value !== token?.value) return again
    // Made in the same second, it is the same token: sending it again would change nothing.
    if (token !== null) cache.remove(tuple, token.value)
    return null
  }

  function learnClock(upstream: Upstream, headers: AnswerHead['headers']): boolean {
    if (!offsets.learn(upstream.origin, headers)) return false
    const offset = offsets.offset(upstream.origin)
    onEvent({ type: 'clock-corrected', provider: upstream.provider, offset })
    return true
  }

  function giveUp(refused: Authorization, first: Authorization): void {
    const { tuple, token, credential } = refused
    onEvent({ type: 'rejected', tuple })
    if (token !== null) cache.remove(tuple, token.value)
    // A storefront's own token serves everybody: one odd answer must not stop them all, so only
    // the sending-again rests. A shopper's own calls rest altogether.
    const key = credential.token?.per === 'customer' ? tokenKey(tuple) : restKey(tuple)
    failures.start(key, refusedTwice(), coolDownEnd())
    if (refused.account !== null && isAccountToBlame(refused, first)) {
      accounts.doubt(tuple, refused.account, clock.monotonic())
    }
  }

  function accountGone({ tuple, token, account }: Authorization): void {
    if (account === null || token === null) return
    if (!accounts.doubt(tuple, account, clock.monotonic())) return
    cache.remove(tuple, token.value)
    const gone = new Problem('tokens/customer-unknown', 'The shopper is not enrolled.')
    failures.start(tokenKey(tuple), gone, coolDownEnd())
  }

  return {
    authorize,
    recover,
    giveUp,
    accountGone,
    accepted({ credential, demand, tuple }) {
      keys.accepted(credential, demand.storefront)
      onEvent({ type: 'used', tuple })
    },
    get sizes() {
      return { tokens: cache.size, accounts: accounts.size }
    },
  }
}

/** Neither the clock nor the secret changed between the two: it must be the account (T24). */
function isAccountToBlame(refused: Authorization, first: Authorization): boolean {
  return (
    refused.token?.source === 'minted' &&
    refused.epoch === first.epoch &&
    refused.account === first.account &&
    refused.tuple.keyFingerprint === first.tuple.keyFingerprint
  )
}

function refusedTwice(): Problem {
  return new Problem(
    'upstream/credential-rejected',
    'The provider rejects the gateway’s credential.',
    { retryAfter: COOL_DOWN.to / 1000 },
  )
}

function tupleOf({ storefront, upstream, customer }: Demand, credential: Credential): TokenTuple {
  const kind = credential.token
  return {
    provider: upstream.provider,
    environment: upstream.environment,
    storefront,
    keyId: credential.key.id,
    keyFingerprint: credential.key.fingerprint,
    namespace: upstream.namespace,
    customer: kind?.per === 'customer' ? customer : null,
    kind: kind?.kind ?? '',
  }
}

function authorizationOf(demand: Demand, credential: Credential, entry: Entry): Authorization {
  const { tuple, token, epoch } = entry
  return { demand, credential, tuple, token, account: token.account, epoch }
}

/** Rests the sending-again of calls that share one credential. */
function restKey(tuple: TokenTuple): string {
  return tokenKey({ ...tuple, kind: `${tuple.kind} again` })
}
