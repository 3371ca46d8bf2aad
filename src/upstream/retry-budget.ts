/**
 * How much may be sent a second time: a tenth of what is sent at all, so that retries never turn an
 * upstream's bad minute into a worse one.
 */
export class RetryBudget {
  #balance = FIRST

  /** A call was sent for the first time. */
  earn(): void {
    this.#balance = Math.min(MOST, this.#balance + SHARE)
  }

  /** Whether one may be sent again; if so, it is paid for. */
  spend(): boolean {
    if (this.#balance < 1) return false
    this.#balance -= 1
    return true
  }
}

const SHARE = 0.1
/** A gateway that has just begun may retry, too. */
const FIRST = 2
/** After a quiet night, no more than this at once. */
const MOST = 10
