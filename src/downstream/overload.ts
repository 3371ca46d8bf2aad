import { Problem } from '../problem.ts'

/**
 * Whether this process can keep up. When timers come late again and again, calls are answered later
 * and later, and refusing some at once is kinder than serving all of them too late.
 */
export interface Overload {
  /** Throws `downstream/overloaded` while the event loop lags. */
  check(): void
  close(): void
}

/** How often the lag is looked at. Milliseconds. */
const INTERVAL = 250
/** One long pause, a large garbage collection for example, is no overload; two in a row are. */
const BEGINS = 1_000
const ENDS = 300

/** @param now monotonic milliseconds */
export function watchOverload(now: () => number = () => performance.now()): Overload {
  const lag = createLag()
  let lookedAt = now()
  const timer = setInterval(() => {
    const time = now()
    lag.add(time - lookedAt - INTERVAL)
    lookedAt = time
  }, INTERVAL).unref()

  return {
    check() {
      if (!lag.isTooLong) return
      const detail = 'The gateway has more to do than it can at the moment.'
      throw new Problem('downstream/overloaded', detail, { retryAfter: 1 })
    },
    close: () => clearInterval(timer),
  }
}

/** Smooths delays, and says when they have become too long and when they are well again. */
export interface Lag {
  /** @param delay milliseconds */
  add(delay: number): void
  readonly isTooLong: boolean
}

export function createLag(): Lag {
  let smoothed = 0
  let isTooLong = false
  return {
    add(delay) {
      smoothed += (Math.max(0, delay) - smoothed) / 2
      isTooLong = smoothed > (isTooLong ? ENDS : BEGINS)
    },
    get isTooLong() {
      return isTooLong
    },
  }
}
