import type { Clock } from '../clock.ts'
import type { Problem } from '../problem.ts'
import type { AnswerHead } from '../provider.ts'
import type { Gate, Lease, Waiting } from './budget/budget.ts'
import type { Priority } from './budget/priority.ts'
import type { Compartment } from './compartment.ts'
import type { Breakable } from './slow-readers.ts'

/** What stands before calls of one kind; the same object for all of them. */
export interface Dispatchable {
  readonly gate: Gate
  readonly compartment: Compartment
  readonly priority: Priority
}

/**
 * One sending that is allowed: the budget, the breaker and the bulkhead are told of its outcome
 * through it. A class, so that a call makes no closures.
 */
export class Sending {
  readonly #clock: Clock
  readonly #lease: Lease
  readonly #compartment: Compartment
  readonly #epoch: number
  #hasHead = false

  constructor(clock: Clock, lease: Lease, compartment: Compartment) {
    const now = clock.monotonic()
    this.#clock = clock
    this.#lease = lease
    this.#compartment = compartment
    compartment.bulkhead.enter(now)
    try {
      this.#epoch = compartment.breaker.enter(now)
    } catch (error) {
      compartment.bulkhead.failed()
      throw error
    }
  }

  /** Whether the upstream has answered anything. */
  get hasHead(): boolean {
    return this.#hasHead
  }

  /** Its caller does not read on, and the upstream waits. */
  paused(response: Breakable): void {
    this.#compartment.slowReaders.hold(response)
  }

  /** It has read on, or will not read any more. */
  resumed(response: Breakable): void {
    this.#compartment.slowReaders.release(response)
  }

  answered(head: AnswerHead): void {
    const { breaker, bulkhead } = this.#compartment
    const now = this.#clock.monotonic()
    this.#hasHead = true
    // First: its place is free, whatever the head makes of the budget.
    bulkhead.answered(now)
    this.#lease.answered(head)
    if (head.status >= 500) breaker.failed(this.#epoch, now)
    else breaker.succeeded(this.#epoch, now)
  }

  /** It has failed; after an answer began, too. @param isTheirs not the caller or we */
  failed(isTheirs: boolean): void {
    const { breaker, bulkhead } = this.#compartment
    if (!this.#hasHead) {
      this.#lease.failed()
      bulkhead.failed()
    }
    if (isTheirs) breaker.failed(this.#epoch, this.#clock.monotonic())
  }
}

/** One sending that waits for its turn. */
export interface Pending {
  /** Rejects with `upstream/over-budget` and `upstream/circuit-open`. */
  readonly sending: Promise<Sending>
  /** It will not be made; the promise is rejected with this problem. */
  abandon(problem: Problem): void
}

/**
 * Asks for permission to send: the breaker first, which costs nothing, then the budget. A promise
 * only where the call has to wait for its turn. Throws `upstream/circuit-open` and
 * `upstream/over-budget`.
 */
export function beginSending(
  { gate, compartment, priority }: Dispatchable,
  caller: string,
  clock: Clock,
): Sending | Pending {
  compartment.breaker.check(clock.monotonic())
  const entered = gate.enter(caller, priority)
  if (!isWaiting(entered)) return open(entered, compartment, clock)
  return {
    sending: entered.lease.then((lease) => open(lease, compartment, clock)),
    abandon: (problem) => entered.abandon(problem),
  }
}

function open(lease: Lease, compartment: Compartment, clock: Clock): Sending {
  try {
    return new Sending(clock, lease, compartment)
  } catch (error) {
    lease.cancel()
    throw error
  }
}

function isWaiting(entered: Lease | Waiting): entered is Waiting {
  return 'lease' in entered
}
