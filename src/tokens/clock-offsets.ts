import type { Clock } from '../clock.ts'

/**
 * How far each upstream's clock is from this host's, learned from its `Date` when it refused a
 * credential. Used only for what is made for that upstream, never to judge a caller's proof.
 */
export interface ClockOffsets {
  /** Epoch milliseconds on the upstream's clock, as far as it is known. */
  now(origin: string): number
  /** Milliseconds to add to this host's clock. */
  offset(origin: string): number
  /** Goes up with each correction: what was made before it is not served any more. */
  epoch(origin: string): number
  /** Looks at a refusal; true where the clock was corrected. Header names are lower case. */
  learn(origin: string, headers: Readonly<Record<string, string | string[] | undefined>>): boolean
}

/** Smaller differences are the network's, or rounding: `Date` has whole seconds. */
const SIGNIFICANT = 30_000
/** A clock that is further off than this is not corrected by what a header says. */
const BOUND = 48 * 3_600_000

export function createClockOffsets(clock: Clock): ClockOffsets {
  const known = new Map<string, { offset: number; epoch: number }>()
  const offset = (origin: string) => known.get(origin)?.offset ?? 0
  const epoch = (origin: string) => known.get(origin)?.epoch ?? 0

  return {
    now: (origin) => clock.now() + offset(origin),
    offset,
    epoch,
    learn(origin, headers) {
      // An answer with an Age comes out of somebody's cache, and so does its Date.
      if (headers['age'] !== undefined) return false
      const date = Date.parse(String(headers['date'] ?? ''))
      if (Number.isNaN(date)) return false
      const measured = date - clock.now()
      if (Math.abs(measured - offset(origin)) <= SIGNIFICANT) return false
      if (Math.abs(measured) > BOUND) return false
      const corrected = Math.abs(measured) <= SIGNIFICANT ? 0 : measured
      known.set(origin, { offset: corrected, epoch: epoch(origin) + 1 })
      return true
    },
  }
}
