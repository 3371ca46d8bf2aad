import { LRUCache } from 'lru-cache'
import type { Problem } from '../problem.ts'

/**
 * What failed a moment ago and is not tried again yet. Bounded; entries end by themselves on the
 * monotonic clock.
 */
export interface CoolDowns {
  /** The problem to answer with, or null where nothing is held back. @param now monotonic ms */
  find(key: string, now: number): Problem | null
  start(key: string, problem: Problem, until: number): void
  end(key: string): void
}

const CAPACITY = 50_000

export function createCoolDowns(): CoolDowns {
  const held = new LRUCache<string, { problem: Problem; until: number }>({ max: CAPACITY })
  return {
    find(key, now) {
      const entry = held.get(key)
      return entry !== undefined && now < entry.until ? entry.problem : null
    },
    start: (key, problem, until) => void held.set(key, { problem, until }),
    end: (key) => void held.delete(key),
  }
}
