import { Problem } from '../problem.ts'

/**
 * Bounds what an upstream that answers nothing at all can hold: with so many calls waiting and no
 * answer for seconds, further ones are refused at once instead of joining them. An upstream that is
 * only slow, or busy with many calls, goes on answering and is never stopped here.
 */
export class Bulkhead {
  readonly #title: string
  #waiting = 0
  #answeredAt = 0

  /** @param title the upstream's name, for problems */
  constructor(title: string) {
    this.#title = title
  }

  /** A call is about to be sent. Throws `upstream/circuit-open`. @param now monotonic milliseconds */
  enter(now: number): void {
    if (this.#waiting === 0) this.#answeredAt = now
    if (this.#waiting >= MOST_WAITING && now - this.#answeredAt > SILENCE) {
      const detail = `${this.#title} does not answer; further calls are held back.`
      throw new Problem('upstream/circuit-open', detail, { retryAfter: 1 })
    }
    this.#waiting += 1
  }

  /** The head of an answer has come. */
  answered(now: number): void {
    this.#waiting -= 1
    this.#answeredAt = now
  }

  /** There will be none. */
  failed(): void {
    this.#waiting -= 1
  }
}

/** The connections that a family of routes has. */
const MOST_WAITING = 256
const SILENCE = 3_000
