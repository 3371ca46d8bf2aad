import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { Problem } from '../problem.ts'
import type { Quota } from '../provider.ts'

/** Counts the calls of each caller. */
export interface Limiter {
  /** Throws `policy/rate-limited` with the seconds to wait. */
  take(caller: string): Promise<void>
}

/** One counter for each caller in memory; a counter ends by itself with its window. */
export function createLimiter({ calls, per }: Quota): Limiter {
  const counters = new RateLimiterMemory({ points: calls, duration: per / 1000 })
  return {
    async take(caller) {
      try {
        await counters.consume(caller)
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        const retryAfter = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
        throw new Problem('policy/rate-limited', 'Too many calls from here.', { retryAfter })
      }
    },
  }
}
