/** The two clocks of the gateway; tests pass a fake one. */
export interface Clock {
  /** Epoch milliseconds: for what is written into tokens. May jump. */
  now(): number
  /** Milliseconds since some moment in the past: for lifetimes. Never jumps. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
