import type { Clock } from '../clock.ts'

/**
 * How far each upstream's clock is from this host's, learned from its `Date` when it refused a
 * credential. Used only for what is made for that upstream, never to judge a caller's proof.
 */
export interface ClockOffsets {
  /** Epoch milliseconds on the upstream's clock, as far as it is known; rather early than late. */
  now(origin: string): number
  /** Milliseconds to add to this host's clock. */
  offset(origin: string): number
  /** Goes up with each correction: what was made before it is not served any more. */
  epoch(origin: string): number
  /** Looks at a refusal; true where the clock was corrected. Header names are lower case. */
  learn(origin: string, headers: Readonly<Record<string, string | string[] | undefined>>): boolean
}

/** Smaller differences are the network's, or rounding: they are not corrected. */
const SIGNIFICANT = 30_000
/** `Date` has whole seconds, so less than one of them shows nothing. */
const ONE_SECOND = 1_000
/** A clock that is further off than this is not corrected by what a header says. */
const BOUND = 48 * 3_600_000

export function createClockOffsets(clock: Clock): ClockOffsets {
  const known = new Map<string, { offset: number; epoch: number }>()
  const cautious = new Set<string>()
  const offset = (origin: string) => known.get(origin)?.offset ?? 0
  const epoch = (origin: string) => known.get(origin)?.epoch ?? 0

  return {
    now: (origin) => clock.now() + offset(origin) - (cautious.has(origin) ? SIGNIFICANT : 0),
    offset,
    epoch,
    learn(origin, headers) {
      // An answer with an Age comes out of somebody's cache, and so does its Date.
      if (headers['age'] !== undefined) return false
      const date = Date.parse(String(headers['date'] ?? ''))
      if (Number.isNaN(date)) return false
      const measured = date - clock.now()
      if (Math.abs(measured - offset(origin)) <= SIGNIFICANT) {
        // A token from the future is refused, even one from a second ahead. What is made from now
        // on is surely not; what was made before is as good as it was.
        if (measured - offset(origin) <= -ONE_SECOND) cautious.add(origin)
        return false
      }
      if (Math.abs(measured) > BOUND) return false
      const corrected = Math.abs(measured) <= SIGNIFICANT ? 0 : measured
      known.set(origin, { offset: corrected, epoch: epoch(origin) + 1 })
      cautious.delete(origin)
      return true
    },
  }
}
