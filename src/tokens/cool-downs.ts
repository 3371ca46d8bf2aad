import { Problem } from '../problem.ts'
import type { ProblemCode } from '../problem.ts'

/**
 * What failed a moment ago and is not tried again yet. Bounded, the oldest out first; entries end
 * by themselves on the monotonic clock.
 */
export interface CoolDowns {
  /** The problem to answer with, or null where nothing is held back. @param now monotonic ms */
  find(key: string, now: number): Problem | null
  start(key: string, problem: Problem, until: number): void
}

/** Without stack and cause: the log has had them, and an outage is no reason to keep 50 000. */
interface Held {
  readonly code: ProblemCode
  readonly detail: string
  readonly retryAfter: number | null
  readonly until: number
}

const CAPACITY = 50_000
const SHORTEST = 1_000
const LONGEST = 5_000

/** Spread, so that the retries of all who wait do not come together. @param random in [0, 1) */
export function coolDownEnd(now: number, random: number): number {
  return now + SHORTEST + random * (LONGEST - SHORTEST)
}

export function createCoolDowns(capacity = CAPACITY): CoolDowns {
  // In the order of their beginnings, which is all but that of their ends.
  const held = new Map<string, Held>()
  return {
    find(key, now) {
      const entry = held.get(key)
      if (entry === undefined) return null
      if (now < entry.until) return problemOf(entry)
      held.delete(key)
      return null
    },
    start(key, { code, message, retryAfter }, until) {
      held.delete(key)
      held.set(key, { code, detail: message, retryAfter, until })
      const [oldest] = held.keys()
      if (held.size > capacity && oldest !== undefined) held.delete(oldest)
    },
  }
}

function problemOf({ code, detail, retryAfter }: Held): Problem {
  const cause = 'remembered'
  return new Problem(code, detail, retryAfter === null ? { cause } : { retryAfter, cause })
}
