/** A fixed window: `calls` within `seconds` of its first call. */
export interface Limit {
  readonly calls: number
  readonly seconds: number
}

export interface Spent {
  readonly remaining: number
  readonly isOver: boolean
}

export interface Quota {
  /** Counts one call against what `key` names. Calls that are over the limit are not counted. */
  spend(key: string, limit: Limit): Spent
}

/** Without `isEnforced`, calls are counted and reported, and none is ever over. */
export function createQuota(now: () => number, isEnforced: boolean): Quota {
  const windows = new Map<string, { endsAt: number; calls: number }>()

  return {
    spend(key, limit) {
      let window = windows.get(key)
      if (window === undefined || window.endsAt <= now()) {
        if (windows.size >= 10_000) dropEnded(windows, now())
        window = { endsAt: now() + limit.seconds * 1000, calls: 0 }
        windows.set(key, window)
      }

      if (isEnforced && window.calls >= limit.calls) return { remaining: 0, isOver: true }
      window.calls += 1
      return { remaining: Math.max(0, limit.calls - window.calls), isOver: false }
    },
  }
}

function dropEnded(windows: Map<string, { endsAt: number }>, now: number): void {
  for (const [key, { endsAt }] of windows) if (endsAt <= now) windows.delete(key)
}
