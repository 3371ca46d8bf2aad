import type { CallsPer } from '../config/limits.ts'

/** Counts calls per caller, each in a window that begins with the caller's first call. */
export interface Counter {
  /** Counts one. @returns how many are left, or less than zero @param now monotonic milliseconds */
  take(caller: string, now: number): number
  /** Milliseconds until the caller's window ends. */
  endsIn(caller: string, now: number): number
}

interface Window {
  calls: number
  readonly endsAt: number
}

/** However many callers there are: beyond it, who has called longest ago is forgotten early. */
const MOST_CALLERS = 100_000

/**
 * Two generations of windows, exchanged once per period: what is still in the older one then has
 * ended, so nothing ever needs to be swept.
 */
export function createCounter({ calls, per }: CallsPer): Counter {
  let young = new Map<string, Window>()
  let old = new Map<string, Window>()
  let turnsAt = 0

  const turn = (now: number) => {
    old = young
    young = new Map()
    turnsAt = now + per
  }

  const windowOf = (caller: string, now: number): Window => {
    if (now >= turnsAt || young.size >= MOST_CALLERS) turn(now)
    const known = young.get(caller) ?? old.get(caller)
    if (known !== undefined && now < known.endsAt) return known
    const window = { calls: 0, endsAt: now + per }
    young.set(caller, window)
    return window
  }

  return {
    take(caller, now) {
      const window = windowOf(caller, now)
      if (window.calls < calls) window.calls += 1
      else return -1
      return calls - window.calls
    },
    endsIn: (caller, now) => windowOf(caller, now).endsAt - now,
  }
}
