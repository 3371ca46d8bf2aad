/**
 * Tokens for whoever asks with the whole tuple: out of memory, renewed ahead of their end in the
 * background, made once for all who wait. A failure is remembered for a moment, so that what
 * cannot be had now is not asked for by every call.
 *
 * Knows nothing of calls, keys to fall back on, or refusals; `authorize.ts` does.
 */
import type { Clock } from '../clock.ts'
import { asProblem } from '../problem.ts'
import type { Problem } from '../problem.ts'
import type { TokenKind, Upstream } from '../provider.ts'
import { createTokenCache } from './cache.ts'
import type { Entry } from './cache.ts'
import type { ClockOffsets } from './clock-offsets.ts'
import { coolDownEnd, createCoolDowns } from './cool-downs.ts'
import type { TokenEvent } from './event.ts'
import { isSameTuple, tokenKey } from './key.ts'
import type { TokenTuple } from './key.ts'
import type { Mint } from './mint.ts'
import { createSingleFlight } from './single-flight.ts'

export interface SupplyParts {
  readonly clock: Clock
  readonly offsets: ClockOffsets
  readonly mint: Mint
  /** In [0, 1). */
  readonly random: () => number
  readonly onEvent: (event: TokenEvent) => void
  /** Most tokens kept in memory. */
  readonly capacity: number
}

export interface Supply {
  /** Out of memory; null where there is none that may be sent. One that is ageing is renewed. */
  find(upstream: Upstream, kind: TokenKind, tuple: TokenTuple): Entry | null
  /**
   * Makes one, shared with all who ask meanwhile. Throws what failed, now or a moment ago.
   * @param refused a value that the upstream has refused: another one is made, if there can be
   */
  make(
    upstream: Upstream,
    kind: TokenKind,
    tuple: TokenTuple,
    refused?: string | null,
  ): Promise<Entry>
  /** Why none is made at the moment; null where one may be. */
  failure(tuple: TokenTuple): Problem | null
  /** None is made for a while, and whoever asks is told this. */
  hold(tuple: TokenTuple, problem: Problem): void
  /** Takes this token out of memory; a newer one stays. */
  remove(tuple: TokenTuple, value: string): void
  readonly size: number
}

/** A token that is so much older is another one, and as good. */
const ONE_SECOND = 1_000

export function createSupply(parts: SupplyParts): Supply {
  const { clock, offsets, mint, random, onEvent } = parts
  const cache = createTokenCache(parts.capacity)
  const failures = createCoolDowns()
  const flights = createSingleFlight<Entry>()

  const failure = (tuple: TokenTuple) => failures.find(tokenKey(tuple), clock.monotonic())
  const hold = (tuple: TokenTuple, problem: Problem) =>
    failures.start(tokenKey(tuple), problem, coolDownEnd(clock.monotonic(), random()))

  /** One mint at a time for each tuple. @param age milliseconds by which it is dated back */
  async function makeShared(
    upstream: Upstream,
    kind: TokenKind,
    tuple: TokenTuple,
    age: number,
  ): Promise<Entry> {
    const entry = await flights.run(tokenKey(tuple), async () => {
      try {
        const made = await mint(upstream, kind, tuple, age)
        cache.put(made, clock.monotonic())
        return made
      } catch (error) {
        const problem = asProblem(error)
        hold(tuple, problem)
        onEvent({ type: 'mint-failed', tuple, code: problem.code, problem })
        throw problem
      }
    })
    if (!isSameTuple(entry.tuple, tuple)) throw new Error('a shared mint made another one’s token')
    return entry
  }

  function renew(upstream: Upstream, kind: TokenKind, tuple: TokenTuple): void {
    if (flights.isRunning(tokenKey(tuple)) || failure(tuple) !== null) return
    // The caller is served meanwhile. A failure has been remembered and told where it happened.
    makeShared(upstream, kind, tuple, 0).catch(() => undefined)
  }

  return {
    find(upstream, kind, tuple) {
      const now = clock.monotonic()
      const entry = cache.get(tuple, offsets.epoch(upstream.origin), now)
      if (entry !== null && now >= entry.shouldRefreshAt) renew(upstream, kind, tuple)
      return entry
    },
    async make(upstream, kind, tuple, refused = null) {
      const held = failure(tuple)
      if (held !== null) throw held
      const entry = await makeShared(upstream, kind, tuple, 0)
      if (entry.token.value !== refused || entry.token.source !== 'minted') return entry
      // Made in the same second it is the refused token once more.
      cache.remove(tuple, refused)
      return makeShared(upstream, kind, tuple, ONE_SECOND)
    },
    failure,
    hold,
    remove: (tuple, value) => cache.remove(tuple, value),
    get size() {
      return cache.size
    },
  }
}
