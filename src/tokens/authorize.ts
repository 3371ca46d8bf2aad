/**
 * Stage 4: authorized.
 *
 * Owns the life of every credential that goes upstream: which key, which token, when it is made,
 * renewed, thrown away and made again. Knows *when*; the provider knows *what*. Each token is
 * found by its whole tuple, made once for all who wait, renewed ahead of its end in the
 * background, and replaced at most once when the upstream refuses it.
 *
 * Does not decide who may call and sends nothing itself: exchanges go through the `exchange` it is
 * handed. Called by the gateway after the decision, and again when a credential was refused.
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
import { tokenKey } from './key.ts'
import type { TokenTuple } from './key.ts'
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
  /** The call may be sent again; only such calls try a key that was refused a moment ago. */
  readonly isReplayable: boolean
}

/** A demand with the credential that answers it. */
export interface Authorization {
  readonly demand: Demand
  /** The one that was chosen: during a rotation it may be the fallback. */
  readonly credential: Credential
  readonly tuple: TokenTuple
  readonly token: Token | null
  /** The id by which the upstream knows the customer; null where it is not known. */
  readonly account: string | null
  readonly epoch: number
}

export interface Tokens {
  /** A value where one is at hand, else a promise. Throws `tokens/*` and `upstream/*` problems. */
  authorize(demand: Demand): Authorization | Promise<Authorization>
  /**
   * The upstream refused the credential: another one to send the call with once more, or null
   * where there is none. Throws `tokens/*`.
   */
  recover(refused: Authorization, answer: AnswerHead): Promise<Authorization | null>
  /** The call was refused a second time: final, and a cool-down begins. */
  giveUp(refused: Authorization, first: Authorization): void
  /** The upstream no longer knows the account that the token names. */
  accountGone(authorization: Authorization): void
  /** The upstream took the credential. */
  accepted(authorization: Authorization): void
  /** Milliseconds between this host's clock and the upstream's. */
  clockOffset(upstream: Upstream): number
  readonly sizes: { readonly tokens: number; readonly accounts: number }
}

/** Not sent in the last moments of its life: it would end on the way. */
const LAST_MOMENTS = 30_000
const COOL_DOWN = { from: 1_000, to: 5_000 }
/** How long the other key is preferred after one was refused during a rotation. */
const KEY_REST = 60_000

export function createTokens(options: TokensOptions): Tokens {
  const { clock, random, onEvent } = options
  const cache = createTokenCache(options.capacity)
  const accounts = createAccounts(options.capacity)
  const offsets = createClockOffsets(clock)
  const failures = createCoolDowns()
  const restingKeys = createCoolDowns()
  const flights = createSingleFlight<Entry>()

  const soon = () => clock.monotonic() + COOL_DOWN.from + random() * (COOL_DOWN.to - COOL_DOWN.from)

  function authorize(demand: Demand): Authorization | Promise<Authorization> {
    return authorizeWith(prefer(demand), demand)
  }

  /** The credential itself, or its fallback while its key rests. */
  function prefer(demand: Demand): Credential {
    const { credential } = demand
    if (credential.fallback === null) return credential
    const rest = restingKeys.find(keyOf(tupleOf(demand, credential)), clock.monotonic())
    if (rest !== null) return credential.fallback
    // A call that cannot be repeated does not try out a key that failed the last time.
    const isSuspect = suspects.has(keyOf(tupleOf(demand, credential)))
    return isSuspect && !demand.isReplayable ? credential.fallback : credential
  }
  const suspects = new Set<string>()

  function authorizeWith(
    credential: Credential,
    demand: Demand,
  ): Authorization | Promise<Authorization> {
    const tuple = tupleOf(demand, credential)
    const kind = credential.token
    const epoch = offsets.epoch(demand.upstream.origin)
    if (kind === null) return { demand, credential, tuple, token: null, account: null, epoch }

    const now = clock.monotonic()
    const entry = cache.get(tuple, epoch, now)
    if (entry !== null) {
      if (now >= entry.shouldRefreshAt) refreshInBackground(demand, credential, kind, tuple)
      return authorizationOf(demand, credential, entry)
    }
    if (kind.optional && !canMintHere(kind, tuple)) {
      return { demand, credential, tuple, token: null, account: null, epoch }
    }
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
      const entry = await flights.run(tokenKey(tuple), () => make(demand.upstream, kind, tuple))
      return authorizationOf(demand, credential, entry)
    } catch (error) {
      const problem = asProblem(error)
      // The other live key may be the one that the upstream knows.
      if (problem.code === 'tokens/exchange-refused' && credential.fallback !== null) {
        restKey(tuple, problem)
        return authorizeWith(credential.fallback, demand)
      }
      throw problem
    }
  }

  function refreshInBackground(
    demand: Demand,
    credential: Credential,
    kind: TokenKind,
    tuple: TokenTuple,
  ): void {
    const key = tokenKey(tuple)
    if (flights.isRunning(key) || failures.find(key, clock.monotonic()) !== null) return
    // The caller is served from the cache; a failure is remembered, told, and tried again later.
    obtain(demand, credential, kind, tuple).catch(() => undefined)
  }

  /** Makes a token, and once more where the refusal showed that only the clock was wrong. */
  async function make(upstream: Upstream, kind: TokenKind, tuple: TokenTuple): Promise<Entry> {
    try {
      const epoch = offsets.epoch(upstream.origin)
      return await makeOnce(upstream, kind, tuple).catch((error: unknown) => {
        if (offsets.epoch(upstream.origin) === epoch) throw error
        return makeOnce(upstream, kind, tuple)
      })
    } catch (error) {
      const problem = asProblem(error)
      failures.start(tokenKey(tuple), problem, soon())
      onEvent({ type: 'mint-failed', tuple, code: problem.code, problem })
      throw problem
    }
  }

  async function makeOnce(upstream: Upstream, kind: TokenKind, tuple: TokenTuple): Promise<Entry> {
    const send = observing(upstream, options.exchange(upstream))
    const epoch = offsets.epoch(upstream.origin)
    const startedAt = clock.monotonic()
    const now = offsets.now(upstream.origin)
    const account = kind.per === 'customer' ? accounts.find(tuple) : null
    const token = await kind.mint({ customer: tuple.customer, account, now, send })
    if (token.account !== null) learnAccount(tuple, token.account)
    const entry: Entry = {
      tuple,
      token,
      shouldRefreshAt: startedAt + (token.refreshAt - now) + random() * kind.jitter,
      mustRefreshAt: startedAt + (token.expiresAt - now) - LAST_MOMENTS,
      epoch,
    }
    cache.put(entry)
    failures.end(tokenKey(tuple))
    onEvent({ type: token.source, tuple })
    return entry
  }

  /** Learns the upstream's clock from an exchange that was refused. */
  function observing(upstream: Upstream, send: Send): Send {
    return async (request) => {
      const answer = await send(request)
      if (upstream.classify(answer) === 'credential-rejected') learnClock(upstream, answer.headers)
      return answer
    }
  }

  function learnClock(upstream: Upstream, headers: AnswerHead['headers']): boolean {
    if (!offsets.learn(upstream.origin, headers)) return false
    const offset = offsets.offset(upstream.origin)
    onEvent({ type: 'clock-corrected', provider: upstream.provider, offset })
    return true
  }

  function learnAccount(tuple: TokenTuple, account: string): void {
    const outcome = accounts.learn(tuple, account, clock.monotonic())
    if (outcome !== 'confirmed') onEvent({ type: `account-${outcome}`, tuple })
  }

  async function recover(
    refused: Authorization,
    answer: AnswerHead,
  ): Promise<Authorization | null> {
    const { demand, credential, tuple, token } = refused
    onEvent({ type: 'rejected', tuple })
    if (token !== null) cache.remove(tuple, token.value)
    const isCorrected = learnClock(demand.upstream, answer.headers)
    const newer = cache.get(tuple, offsets.epoch(demand.upstream.origin), clock.monotonic())
    if (newer !== null) return authorizationOf(demand, credential, newer)
    if (failures.find(tokenKey(tuple), clock.monotonic()) !== null) return null
    if (!isCorrected && credential.fallback !== null) {
      restKey(tuple, new Problem('upstream/credential-rejected', 'The key was refused.'))
      return authorizeWith(credential.fallback, demand)
    }
    const kind = credential.token
    return kind === null ? null : obtain(demand, credential, kind, tuple)
  }

  function restKey(tuple: TokenTuple, problem: Problem): void {
    restingKeys.start(keyOf(tuple), problem, clock.monotonic() + KEY_REST)
    suspects.add(keyOf(tuple))
  }

  function giveUp(refused: Authorization, first: Authorization): void {
    const { tuple, token, credential } = refused
    onEvent({ type: 'rejected', tuple })
    if (token !== null) cache.remove(tuple, token.value)
    const problem = new Problem(
      'upstream/credential-rejected',
      'The provider rejects the gateway’s credential.',
      { retryAfter: COOL_DOWN.to / 1000 },
    )
    // A storefront's own token is shared by everybody: one odd answer must not stop all of them,
    // so only the repetition rests. A shopper's own call is not sent again until the rest is over.
    if (credential.token?.per !== 'customer')
      return failures.start(restKeyOf(tuple), problem, soon())
    failures.start(tokenKey(tuple), problem, soon())
    const isSameClock = refused.epoch === first.epoch
    if (isSameClock && refused.account !== null) accounts.doubt(tuple, refused.account)
  }

  return {
    authorize,
    recover: async (refused, answer) => {
      const isResting = failures.find(restKeyOf(refused.tuple), clock.monotonic()) !== null
      return isResting ? null : recover(refused, answer)
    },
    giveUp,
    accountGone({ tuple, token, account }) {
      if (account === null || token === null) return
      cache.remove(tuple, token.value)
      accounts.doubt(tuple, account)
      const unknown = new Problem('tokens/customer-unknown', 'The shopper is not enrolled.')
      failures.start(tokenKey(tuple), unknown, soon())
    },
    accepted: ({ tuple, credential }) => {
      if (suspects.size > 0 && credential.fallback !== null) suspects.delete(keyOf(tuple))
    },
    clockOffset: (upstream) => offsets.offset(upstream.origin),
    get sizes() {
      return { tokens: cache.size, accounts: accounts.size }
    },
  }
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

/** One key of one storefront, whoever the customer is. */
function keyOf(tuple: TokenTuple): string {
  return tokenKey({ ...tuple, customer: null, kind: 'key' })
}

/** Rests the repetition of calls with one storefront-wide credential. */
function restKeyOf(tuple: TokenTuple): string {
  return tokenKey({ ...tuple, kind: `${tuple.kind} repetition` })
}
