import type { Clock } from '../../clock.ts'
import type { AnswerHead } from '../../provider.ts'
import { overBudget } from './budget.ts'
import type { Gate, Lease } from './budget.ts'
import { restAfter } from './quota-headers.ts'

/**
 * Where nothing is counted: no quota is published, or the operator has turned the budget off. What
 * the upstream says itself is obeyed all the same.
 */
export class Uncounted implements Gate, Lease {
  readonly #clock: Clock
  readonly #title: string
  #heldUntil = 0

  constructor(clock: Clock, title: string) {
    this.#clock = clock
    this.#title = title
  }

  /** All calls have the same lease: there is nothing to give back. */
  enter(): Lease {
    if (this.#heldUntil === 0) return this
    const wait = this.#heldUntil - this.#clock.monotonic()
    if (wait > 0) throw overBudget(this.#title, wait)
    this.#heldUntil = 0
    return this
  }

  answered(head: AnswerHead): void {
    if (head.status !== 429) return
    this.#heldUntil = Math.max(this.#heldUntil, this.#clock.monotonic() + restAfter(head))
  }

  failed(): void {}

  cancel(): void {}
}
