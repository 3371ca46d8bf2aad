import type { CallsPer } from '../config/limits.ts'

/** Counts calls per caller, each in a window that begins with the caller's first call. */
export interface Counter {
  /** Counts one. @param now monotonic milliseconds @returns where the caller stands now */
  take(caller: string, now: number): Window
}

export interface Window {
  /** Calls that are left; less than zero where there was none for this one. */
  readonly left: number
  /** Monotonic milliseconds. */
  readonly endsAt: number
}

interface Open extends Window {
  left: number
}

/** However many callers there are: beyond it, who has called longest ago is forgotten early. */
const MOST_CALLERS = 100_000

/**
 * Two generations of windows, exchanged once per period: what is still in the older one then has
 * ended, so nothing ever needs to be swept.
 */
export function createCounter({ calls, per }: CallsPer): Counter {
  let young = new Map<string, Open>()
  let old = new Map<string, Open>()
  let turnsAt = 0

  const turn = (now: number) => {
    old = young
    young = new Map()
    turnsAt = now + per
  }

  const windowOf = (caller: string, now: number): Open => {
    if (now >= turnsAt || young.size >= MOST_CALLERS) turn(now)
    const known = young.get(caller) ?? old.get(caller)
    if (known !== undefined && now < known.endsAt) return known
    // Whole milliseconds, so that the rest of a window is never told to be longer than it.
    const window = { left: calls, endsAt: Math.floor(now) + per }
    young.set(caller, window)
    return window
  }

  return {
    take(caller, now) {
      const window = windowOf(caller, now)
      if (window.left >= 0) window.left -= 1
      return window
    },
  }
}
