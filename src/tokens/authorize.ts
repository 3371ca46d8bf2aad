/**
 * Stage 4: authorized.
 *
 * Owns the life of every credential that goes upstream: which key, which token, when it is made,
 * renewed, thrown away and made again. Knows *when*; the provider knows *what*. Each token is
 * found by its whole tuple, made once for all who wait, renewed ahead of its end in the
 * background (`supply.ts`), and replaced at most once when the upstream refuses it.
 *
 * Does not decide who may call and forwards nothing. Called by the gateway after the decision, and
 * again when a credential was refused.
 */
import type { Clock } from '../clock.ts'
import { asProblem, Problem } from '../problem.ts'
import type { AnswerHead, Credential, Send, Token, TokenKind, Upstream } from '../provider.ts'
import { createAccounts } from './accounts.ts'
import type { Entry } from './cache.ts'
import { createClockOffsets } from './clock-offsets.ts'
import { coolDownEnd, createCoolDowns } from './cool-downs.ts'
import type { TokenEvent } from './event.ts'
import { isSameTuple, tokenKey } from './key.ts'
import type { TokenTuple } from './key.ts'
import { createKeyChoice, nextWay } from './key-choice.ts'
import { createMint } from './mint.ts'
import { createSupply } from './supply.ts'

export interface TokensOptions {
  readonly clock: Clock
  /** One exchange with an upstream, on a connection of its own. */
  readonly exchange: (upstream: Upstream, kind: TokenKind, tuple: TokenTuple) => Send
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
  /** A value where one is at hand, else a promise. Rejects with `tokens/*` and `upstream/*` problems. */
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

export function createTokens(options: TokensOptions): Tokens {
  const { clock, random, onEvent } = options
  const accounts = createAccounts(options.capacity)
  const offsets = createClockOffsets(clock)
  const keys = createKeyChoice(clock)
  const mint = createMint({ ...options, accounts, offsets })
  const supply = createSupply({ ...options, offsets, mint })
  // Two things that rest for a while where a refusal was not cured by another token.
  const replays = createCoolDowns()
  const extras = createCoolDowns()

  function authorize(demand: Demand): Authorization | Promise<Authorization> {
    const { credential, storefront, isReplayable } = demand
    const chosen = keys.choose(credential, storefront, isReplayable)
    return authorizeWith(chosen, demand, chosen)
  }

  /** @param first where the round through all keys began */
  function authorizeWith(
    credential: Credential,
    demand: Demand,
    first: Credential,
  ): Authorization | Promise<Authorization> {
    const kind = credential.token
    if (kind === null) return bare(demand, credential)

    const tuple = tupleOf(demand, credential, kind)
    const entry = supply.find(demand.upstream, kind, tuple)
    if (entry !== null) return authorizationOf(demand, credential, entry)
    if (kind.optional && !isWorthwhile(kind, tuple)) return bare(demand, credential)
    return obtain(demand, credential, kind, tuple, first)
  }

  /** An optional token is worth neither an exchange nor a failed call, and none is made for nobody. */
  function isWorthwhile(kind: TokenKind, tuple: TokenTuple): boolean {
    const isMadeHere = kind.per === 'storefront' || accounts.find(tuple) !== null
    return isMadeHere && supply.failure(tuple) === null && !isResting(extras, tuple)
  }

  async function obtain(
    demand: Demand,
    credential: Credential,
    kind: TokenKind,
    tuple: TokenTuple,
    first: Credential,
    refused: string | null = null,
  ): Promise<Authorization> {
    try {
      const entry = await supply.make(demand.upstream, kind, tuple, refused)
      return authorizationOf(demand, credential, entry)
    } catch (error) {
      const problem = asProblem(error)
      const next = nextWay(demand.credential, credential)
      // Another live key may be the one that the upstream knows.
      if (problem.code !== 'tokens/exchange-refused' || next === null || next === first) {
        throw problem
      }
      return authorizeWith(next, demand, first)
    }
  }

  async function recover(
    refused: Authorization,
    answer: AnswerHead,
  ): Promise<Authorization | null> {
    const { demand, credential, tuple, token, epoch } = refused
    onEvent({ type: 'rejected', tuple })
    learnClock(demand.upstream, answer.headers)
    const rests = isResting(replays, tuple)
    const newer = token === null ? null : newerThan(refused, token, rests)
    if (newer !== null) return authorizationOf(demand, credential, newer)
    if (rests) return null
    if (token !== null && credential.token?.optional === true) {
      rest(extras, tuple)
      return bare(demand, credential)
    }
    const isClock = epoch !== offsets.epoch(demand.upstream.origin)
    const next = isClock ? null : nextWay(demand.credential, credential)
    if (next !== null) {
      keys.refused(demand.credential, credential, demand.storefront, demand.isReplayable)
      return authorizeWith(next, demand, next)
    }
    return token === null ? null : replace(refused, token)
  }

  /** Takes the refused token out of memory, and finds the one that has come in its place. */
  function newerThan(refused: Authorization, token: Token, rests: boolean): Entry | null {
    const { demand, credential, tuple } = refused
    // One that costs an exchange is not thrown away for each of many refusals.
    if (!rests || token.source === 'minted') supply.remove(tuple, token.value)
    if (credential.token === null) return null
    const entry = supply.find(demand.upstream, credential.token, tuple)
    return entry?.token.value === token.value ? null : entry
  }

  async function replace(refused: Authorization, token: Token): Promise<Authorization | null> {
    const { demand, credential, tuple } = refused
    if (credential.token === null) return null
    const again = await obtain(demand, credential, credential.token, tuple, credential, token.value)
    if (again.token?.value !== token.value) return again
    // The provider knows no other one: sending it again would change nothing.
    supply.remove(tuple, token.value)
    rest(replays, tuple)
    return null
  }

  function learnClock(upstream: Upstream, headers: AnswerHead['headers']): void {
    if (!offsets.learn(upstream.origin, headers)) return
    const offset = offsets.offset(upstream.origin)
    onEvent({ type: 'clock-corrected', provider: upstream.provider, offset })
  }

  function giveUp(refused: Authorization, first: Authorization): void {
    const { tuple, token } = refused
    onEvent({ type: 'rejected', tuple })
    if (token !== null) supply.remove(tuple, token.value)
    coolDown(refused)
    // During a rotation both keys were refused, and neither is asked again at once.
    if (isAnotherKey(refused, first)) coolDown(first)
    if (refused.account !== null && isAccountToBlame(refused, first)) {
      accounts.doubt(tuple, refused.account, clock.monotonic())
    }
  }

  /**
   * A storefront's own token serves everybody: one odd answer must not stop them all, so only the
   * sending-again rests. A shopper's own calls rest altogether.
   */
  function coolDown({ tuple, token, credential }: Authorization): void {
    const isOwn = token !== null && credential.token?.per === 'customer'
    if (isOwn) supply.hold(tuple, refusedTwice())
    else rest(replays, tuple)
  }

  function accountGone({ tuple, token, account }: Authorization): void {
    if (account === null || token === null) return
    if (!accounts.doubt(tuple, account, clock.monotonic())) return
    supply.remove(tuple, token.value)
    supply.hold(tuple, new Problem('tokens/customer-unknown', 'The shopper is not enrolled.'))
  }

  function isResting(what: typeof replays, tuple: TokenTuple): boolean {
    return what.find(tokenKey(tuple), clock.monotonic()) !== null
  }

  function rest(what: typeof replays, tuple: TokenTuple): void {
    what.start(tokenKey(tuple), refusedTwice(), coolDownEnd(clock.monotonic(), random()))
  }

  /** The long-lived key alone. */
  function bare(demand: Demand, credential: Credential): Authorization {
    const epoch = offsets.epoch(demand.upstream.origin)
    const tuple = tupleOf(demand, credential, null)
    return { demand, credential, tuple, token: null, account: null, epoch }
  }

  return {
    authorize,
    recover,
    giveUp,
    accountGone,
    accepted({ credential, demand, tuple }) {
      keys.accepted(demand.credential, credential, demand.storefront)
      onEvent({ type: 'used', tuple })
    },
    get sizes() {
      return { tokens: supply.size, accounts: accounts.size }
    },
  }
}

/** Another proof of the same kind: not one with a token and one without. */
function isAnotherKey(one: Authorization, other: Authorization): boolean {
  return (one.token === null) === (other.token === null) && !isSameTuple(one.tuple, other.tuple)
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
    { retryAfter: 5 },
  )
}

function tupleOf(
  { storefront, upstream, customer }: Demand,
  { key }: Credential,
  kind: TokenKind | null,
): TokenTuple {
  return {
    provider: upstream.provider,
    environment: upstream.environment,
    storefront,
    keyId: key.id,
    keyFingerprint: key.fingerprint,
    namespace: upstream.namespace,
    customer: kind?.per === 'customer' ? customer : null,
    kind: kind?.kind ?? '',
  }
}

function authorizationOf(demand: Demand, credential: Credential, entry: Entry): Authorization {
  const { tuple, token, epoch } = entry
  return { demand, credential, tuple, token, account: token.account, epoch }
}
