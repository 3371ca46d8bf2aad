/**
 * What one caller has had of a quota and would like to have. Kept for as long as the caller asks
 * at least once in two periods.
 */
export class Share {
  /** Calls served, on a scale that all callers of one priority share: the least served goes first. */
  served: number
  /** Calls that count against the quota now. */
  used = 0
  #asks = 0
  #asksBefore = 0
  #askedAt = 0

  constructor(served: number) {
    this.served = served
  }

  ask(now: number): void {
    this.#asks += 1
    this.#askedAt = now
  }

  /** A period is over. @returns whether anything is left to remember */
  turn(): boolean {
    this.#asksBefore = this.#asks
    this.#asks = 0
    return this.#asksBefore > 0 || this.used > 0
  }

  /**
   * How many more calls it is likely to make soon: as many as it made in a period of late, less
   * those that it has had. Nothing once it has been silent for longer than a period.
   */
  wants(now: number, per: number): number {
    if (now - this.#askedAt > per * PATIENCE) return 0
    return Math.round(Math.max(this.#asks, this.#asksBefore) * MARGIN) - this.used
  }
}

/** Somebody who calls once a period must not be forgotten a moment before the next call. */
const PATIENCE = 1.05
/** A steady caller makes one more call in some periods than in others. */
const MARGIN = 1.1
