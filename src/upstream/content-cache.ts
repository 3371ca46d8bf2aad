import { LRUCache } from 'lru-cache'
import type { AnswerHead } from '../provider.ts'
import type { Freshness } from './freshness.ts'

/** An answer, whole. */
export interface WholeAnswer {
  readonly head: AnswerHead
  readonly body: Buffer
}

/** One that is kept. Times are monotonic milliseconds. */
export interface StoredAnswer extends WholeAnswer {
  readonly storedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  /** Milliseconds that it was old when it was stored. */
  readonly age: number
}

/**
 * Answers in memory, for a moment. A key holds everything that makes an answer somebody's
 * (`reading.ts`); what the key of a shopper's own read belongs to is dropped when that shopper
 * changes something.
 */
export interface ContentCache {
  /** Fresh or stale; null where nothing is kept. @param owner null for everybody's */
  find(key: string, owner: string | null, now: number): StoredAnswer | null
  store(key: string, answer: WholeAnswer, freshness: Freshness, askedAt: number): void
  /** The owner has changed something: what was asked for before is no longer true. */
  changed(owner: string, now: number): void
  readonly size: number
}

/** No single answer that is kept, or shared, is longer. */
export const LARGEST_ANSWER = 64 * 1024
const CAPACITY = 64 * 1024 * 1024
const MOST_ANSWERS = 20_000
const MOST_OWNERS = 50_000
/** An entry costs this much beside its key and its body. */
const OVERHEAD = 1_024

export function createContentCache(): ContentCache {
  const answers = new LRUCache<string, StoredAnswer>({
    max: MOST_ANSWERS,
    maxSize: CAPACITY,
    sizeCalculation: ({ body }, key) => body.length + key.length + OVERHEAD,
  })
  const changes = new LRUCache<string, number>({ max: MOST_OWNERS })

  return {
    find(key, owner, now) {
      const answer = answers.get(key)
      if (answer === undefined) return null
      const isOver = now >= answer.staleUntil
      const isOutdated = owner !== null && (changes.get(owner) ?? 0) >= answer.storedAt
      if (!isOver && !isOutdated) return answer
      answers.delete(key)
      return null
    },
    store(key, { head, body }, { fresh, stale, age }, askedAt) {
      const freshUntil = askedAt + fresh
      const staleUntil = freshUntil + stale
      answers.set(key, { head, body, storedAt: askedAt, freshUntil, staleUntil, age })
    },
    changed: (owner, now) => void changes.set(owner, now),
    get size() {
      return answers.size
    },
  }
}
