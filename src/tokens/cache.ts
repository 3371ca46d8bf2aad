import { LRUCache } from 'lru-cache'
import { bounded } from './bounded.ts'
import type { Token } from '../provider.ts'
import { createTokenKeys, isSameTuple } from './key.ts'
import type { TokenTuple } from './key.ts'

/** A token with its lifetime on the monotonic clock, which no clock change can stretch. */
export interface Entry {
  readonly tuple: TokenTuple
  readonly token: Token
  /** From here on renewed in the background. */
  readonly shouldRefreshAt: number
  /** From here on not served any more. */
  readonly mustRefreshAt: number
  /** The clock correction it was made under; a token made under another one is not served. */
  readonly epoch: number
}

/**
 * Tokens in memory. Every read compares the whole tuple. Where there is no room, those that have
 * ended go first, then those used least.
 */
export interface TokenCache {
  /** @param now monotonic milliseconds */
  get(tuple: TokenTuple, epoch: number, now: number): Entry | null
  /** @param now monotonic milliseconds */
  put(entry: Entry, now: number): void
  /** Removes the entry only while it still holds this token: a newer one stays. */
  remove(tuple: TokenTuple, value: string): void
  readonly size: number
}

/** Looking for those that have ended means looking at all, so it is not done for each one. */
const SWEEP_INTERVAL = 60_000

export function createTokenCache(capacity: number): TokenCache {
  const entries = new LRUCache<string, Entry>(bounded(capacity))
  const tokenKey = createTokenKeys()
  let sweepAt = Number.NEGATIVE_INFINITY

  const sweep = (now: number) => {
    sweepAt = now + SWEEP_INTERVAL
    const ended = [...entries.entries()].filter(([, { mustRefreshAt }]) => mustRefreshAt <= now)
    for (const [key] of ended) entries.delete(key)
  }

  return {
    get(tuple, epoch, now) {
      const entry = entries.get(tokenKey(tuple))
      if (entry === undefined || !isSameTuple(entry.tuple, tuple)) return null
      return entry.epoch === epoch && now < entry.mustRefreshAt ? entry : null
    },
    put(entry, now) {
      if (entries.size >= capacity && now >= sweepAt) sweep(now)
      entries.set(tokenKey(entry.tuple), entry)
    },
    remove(tuple, value) {
      const key = tokenKey(tuple)
      if (entries.peek(key)?.token.value === value) entries.delete(key)
    },
    get size() {
      return entries.size
    },
  }
}
