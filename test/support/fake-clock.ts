import type { Clock } from '../../src/clock.ts'

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Both clocks go on by so many milliseconds. */
  advance(milliseconds: number): void
}

/** @param start epoch milliseconds; a round moment in 2024 by default */
export function createFakeClock(start = 1_715_000_000_000): FakeClock {
  let passed = 0
  return {
    now: () => start + passed,
    // Real durations are measured too: it must not start at zero, and need not agree with `now`.
    monotonic: () => 1_000_000 + passed,
    advance(milliseconds) {
      passed += milliseconds
    },
  }
}
