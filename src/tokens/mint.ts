import type { Clock } from '../clock.ts'
import { asProblem, Problem } from '../problem.ts'
import type { ExchangeAnswer, Send, Token, TokenKind, Upstream } from '../provider.ts'
import type { Accounts } from './accounts.ts'
import type { Entry } from './cache.ts'
import type { ClockOffsets } from './clock-offsets.ts'
import type { TokenEvent } from './event.ts'
import type { TokenTuple } from './key.ts'

export interface MintParts {
  readonly clock: Clock
  readonly offsets: ClockOffsets
  readonly accounts: Accounts
  /** One exchange with an upstream, on a connection of its own. */
  readonly exchange: (upstream: Upstream, kind: TokenKind, tuple: TokenTuple) => Send
  /** In [0, 1). */
  readonly random: () => number
  readonly onEvent: (event: TokenEvent) => void
}

/** @param age milliseconds by which the token is dated back, so that it differs from a refused one */
export type Mint = (
  upstream: Upstream,
  kind: TokenKind,
  tuple: TokenTuple,
  age: number,
) => Promise<Entry>

/** Not sent in the last moments of its life: it would end on the way. */
const LAST_MOMENTS = 30_000
/** However old it is when it arrives, it is not renewed at once, and then again and again. */
const LEAST_USE = 60_000

/**
 * Has the provider make a token, gives it its lifetime on the monotonic clock, and takes in what
 * the exchange taught. A refusal that shows the upstream's clock to be another one is followed by
 * one more try under the corrected clock. Throws `tokens/*` problems; keeps nothing itself.
 */
export function createMint(parts: MintParts): Mint {
  const { offsets } = parts
  return async (upstream, kind, tuple, age) => {
    const seen: { answer: ExchangeAnswer | null } = { answer: null }
    try {
      return await mintOnce(parts, upstream, kind, tuple, age, seen)
    } catch (error) {
      if (!mayBeTheClock(asProblem(error)) || seen.answer === null) throw error
      if (!offsets.learn(upstream.origin, seen.answer.headers)) throw error
      const offset = offsets.offset(upstream.origin)
      parts.onEvent({ type: 'clock-corrected', provider: upstream.provider, offset })
      return mintOnce(parts, upstream, kind, tuple, age, seen)
    }
  }
}

/** A digest out of its window is refused; a token from another time does not verify, or has ended. */
function mayBeTheClock({ code }: Problem): boolean {
  return code === 'tokens/exchange-refused' || code === 'tokens/exchange-mismatch'
}

async function mintOnce(
  { clock, offsets, accounts, exchange, random, onEvent }: MintParts,
  upstream: Upstream,
  kind: TokenKind,
  tuple: TokenTuple,
  age: number,
  seen: { answer: ExchangeAnswer | null },
): Promise<Entry> {
  const send: Send = async (request) =>
    (seen.answer = await exchange(upstream, kind, tuple)(request))
  const epoch = offsets.epoch(upstream.origin)
  const now = offsets.now(upstream.origin)
  const startedAt = clock.monotonic()
  const account = kind.per === 'customer' ? accounts.find(tuple) : null

  const token = await kind.mint({ customer: tuple.customer, account, now: now - age, send })
  refuseEnded(token, now)

  if (token.account !== null && token.source !== 'minted') {
    const outcome = accounts.learn(tuple, token.account, clock.monotonic())
    if (outcome !== 'confirmed') onEvent({ type: `account-${outcome}`, tuple })
  }
  onEvent({ type: token.source, tuple })
  return {
    tuple,
    token,
    // Lifetimes count from before the exchange: the answer may have been long on its way. In whole
    // milliseconds: a number with a fraction takes another 16 bytes, for each of very many tokens.
    shouldRefreshAt: Math.floor(
      startedAt + Math.max(token.refreshAt - now, LEAST_USE) + random() * kind.jitter,
    ),
    mustRefreshAt: Math.floor(startedAt + lifeLeft(token, now) - LAST_MOMENTS),
    epoch,
  }
}

/** By our clock, and where that is behind, no longer than from the token's own first moment. */
function lifeLeft({ issuedAt, expiresAt }: Token, now: number): number {
  return expiresAt - Math.max(now, issuedAt)
}

function refuseEnded(token: Token, now: number): void {
  if (lifeLeft(token, now) > LAST_MOMENTS) return
  throw new Problem('tokens/exchange-refused', 'The provider gave a token that has already ended.')
}
