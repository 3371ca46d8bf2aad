import { Problem } from '../problem.ts'

/**
 * Holds calls back from an upstream that fails, so that nobody waits for what will not come and the
 * upstream can recover. Opens when half of at least twenty calls within ten seconds have failed;
 * then lets one call through every two seconds, and closes with the first that succeeds.
 *
 * Our own and not cockatiel's, whose breakers live on the wall clock, cost a promise and a closure
 * per call and wait for a hanging probe (docs/decisions/0022-own-breaker.md).
 */
export class Breaker {
  readonly #title: string
  readonly #calls = new Int32Array(SECONDS)
  readonly #failures = new Int32Array(SECONDS)
  #second = 0
  #total = 0
  #failed = 0
  /** Monotonic milliseconds of the next probe; null while closed. */
  #probeAt: number | null = null
  /** Goes up with each change: a call counts only for the state in which it was sent. */
  #epoch = 0

  readonly #onChange: (isOpen: boolean) => void

  /** @param title the upstream's name, for problems */
  constructor(title: string, onChange: (isOpen: boolean) => void = () => undefined) {
    this.#title = title
    this.#onChange = onChange
  }

  /** Throws `upstream/circuit-open` where a call would not be let through now; changes nothing. */
  check(now: number): void {
    if (this.#probeAt !== null && now < this.#probeAt) throw this.#open(this.#probeAt - now)
  }

  /**
   * A call is about to be sent. Throws `upstream/circuit-open` for all but the probes.
   *
   * @param now monotonic milliseconds
   * @returns to be handed back with the outcome
   */
  enter(now: number): number {
    this.check(now)
    // The next probe does not wait for this one: it may hang while the upstream has recovered.
    if (this.#probeAt !== null) this.#probeAt = now + BETWEEN_PROBES
    return this.#epoch
  }

  succeeded(epoch: number, now: number): void {
    if (epoch !== this.#epoch) return
    if (this.#probeAt !== null) return this.#close()
    this.#count(now, 0)
  }

  failed(epoch: number, now: number): void {
    if (epoch !== this.#epoch || this.#probeAt !== null) return
    this.#count(now, 1)
    if (this.#total < LEAST_CALLS || this.#failed * 2 < this.#total) return
    this.#epoch += 1
    this.#probeAt = now + BETWEEN_PROBES
    this.#onChange(true)
  }

  #close(): void {
    this.#epoch += 1
    this.#probeAt = null
    this.#calls.fill(0)
    this.#failures.fill(0)
    this.#total = 0
    this.#failed = 0
    this.#onChange(false)
  }

  #count(now: number, failure: 0 | 1): void {
    this.#forget(Math.floor(now / 1000))
    const slot = this.#second % SECONDS
    this.#calls[slot]! += 1
    this.#failures[slot]! += failure
    this.#total += 1
    this.#failed += failure
  }

  /** Clears what is older than ten seconds. */
  #forget(second: number): void {
    const steps = Math.min(second - this.#second, SECONDS)
    for (let step = 1; step <= steps; step++) {
      const slot = (second - steps + step) % SECONDS
      this.#total -= this.#calls[slot] ?? 0
      this.#failed -= this.#failures[slot] ?? 0
      this.#calls[slot] = 0
      this.#failures[slot] = 0
    }
    if (second > this.#second) this.#second = second
  }

  #open(wait: number): Problem {
    const detail = `${this.#title} is failing; calls are held back until it recovers.`
    return new Problem('upstream/circuit-open', detail, {
      retryAfter: Math.max(1, Math.ceil(wait / 1000)),
    })
  }
}

const SECONDS = 10
const LEAST_CALLS = 20
const BETWEEN_PROBES = 2_000
