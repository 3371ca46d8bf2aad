import type { Share } from './share.ts'

/**
 * Counts calls against a quota so that no window of its length, wherever it begins, ever holds
 * more: a bucket of 40 that is refilled at 40 a minute would let 79 through in one minute.
 *
 * A call counts from before it is sent until a full period after it was answered. It reached the
 * upstream somewhere between, so what the upstream sees is bounded too, whatever the network does.
 */
export class SlidingLog {
  /** Milliseconds. */
  readonly per: number
  /** Oldest first: answers come one after the other. */
  readonly #ends: { readonly at: number; readonly share: Share | null }[] = []
  #first = 0
  #inFlight = 0

  constructor(per: number) {
    this.per = per
  }

  /** Calls that count now. Only right after `expire`. */
  get used(): number {
    return this.#inFlight + this.#ends.length - this.#first
  }

  /** Lets go of what is over. @param now monotonic milliseconds */
  expire(now: number): void {
    const ends = this.#ends
    for (;;) {
      const end = ends[this.#first]
      if (end === undefined || end.at > now) break
      if (end.share !== null) end.share.used -= 1
      this.#first += 1
    }
    if (this.#first > 64 && this.#first * 2 > ends.length) {
      ends.splice(0, this.#first)
      this.#first = 0
    }
  }

  begin(share: Share): void {
    this.#inFlight += 1
    share.used += 1
  }

  /** The call was answered, or it failed and nobody knows how far it came. */
  end(share: Share, now: number): void {
    this.#inFlight -= 1
    this.#ends.push({ at: now + this.per, share })
  }

  /** The call was never sent. */
  cancel(share: Share): void {
    this.#inFlight -= 1
    share.used -= 1
  }

  /** Calls that somebody else made with the same key. */
  addForeign(calls: number, now: number): void {
    for (let added = 0; added < calls; added++) {
      this.#ends.push({ at: now + this.per, share: null })
    }
  }

  /** When so many more calls will have stopped counting, as far as that is known. */
  whenFreed(calls: number, now: number): number {
    return this.#ends[this.#first + calls - 1]?.at ?? now + this.per
  }
}
