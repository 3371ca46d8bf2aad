/**
 * What one key may still ask of an upstream, and who gets it when it is short.
 *
 * Owns the counting (`sliding-log.ts`), the order among callers (`share.ts`) and a short queue;
 * obeys what the upstream itself says (`quota-headers.ts`). Does not know what a call is for.
 * Asked before every sending: calls, replays, retries and exchanges alike.
 *
 * Fair means: whoever has been served least goes first, among the calls of one priority. A caller
 * may take what is left only as far as those served less, who are likely to want it, do not need
 * it; so one greedy caller meets its own limit before a light one meets any.
 */
import type { Clock } from '../../clock.ts'
import { Problem } from '../../problem.ts'
import type { AnswerHead } from '../../provider.ts'
import type { Priority } from './priority.ts'
import { readQuotaHeaders, restAfter } from './quota-headers.ts'
import { Share } from './share.ts'
import { SlidingLog } from './sliding-log.ts'

/** What is asked for permission before each sending. */
export interface Gate {
  /**
   * Asks for permission to send. A lease where one is free, else a place in the queue. Throws
   * `upstream/over-budget` where waiting would take too long.
   */
  enter(caller: string, priority: Priority): Lease | Waiting
}

export interface BudgetRule {
  readonly calls: number
  /** Milliseconds. */
  readonly per: number
  /** Counts and tells, but refuses nothing of its own accord. */
  readonly observe: boolean
}

export interface BudgetParts {
  readonly clock: Clock
  /** Runs something later. @returns cancels it */
  readonly schedule: Schedule
  /** The upstream's name, for problems. */
  readonly title: string
  /** A call went out although the budget was used up: observe-only mode. */
  readonly onOver: () => void
}

export type Schedule = (milliseconds: number, run: () => void) => () => void

/** Permission to send once. Exactly one of its methods is called, once. */
export interface Lease {
  /** @param head what came back */
  answered(head: AnswerHead): void
  /** Nothing came back; it may have arrived all the same. */
  failed(): void
  /** It was never sent. */
  cancel(): void
}

/** A call that waits for its lease. */
export interface Waiting {
  /** Rejects with `upstream/over-budget`. */
  readonly lease: Promise<Lease>
  /** The call will not be made; the lease is rejected with this problem. */
  abandon(problem: Problem): void
}

/** The longest that a call waits; one that would have to wait longer is refused at once. */
export const LONGEST_WAIT = 1_500
const MOST_WAITING = 100
/** Callers that are told apart; the rest share one share. */
const MOST_SHARES = 4_096
/** Part of a quota that each more urgent priority keeps for itself. */
const KEPT = 0.025
/** Nobody gets further behind than this part of a quota, however long they were away. */
const LAG = 0.25
const CROWD = ''

export class Budget implements Gate {
  readonly #parts: BudgetParts
  readonly #log: SlidingLog
  #calls: number
  #isObserving: boolean
  /** Monotonic milliseconds. The upstream has asked to be left alone until then. */
  #heldUntil = 0
  readonly #levels = [new Level(), new Level(), new Level(), new Level()] as const
  #turnsAt = 0
  #waiters: Waiter[] = []
  #stopTimer: (() => void) | null = null

  constructor({ calls, per, observe }: BudgetRule, parts: BudgetParts) {
    this.#parts = parts
    this.#log = new SlidingLog(per)
    this.#calls = calls
    this.#isObserving = observe
  }

  /** Another storefront with the same key has a rule of its own: the tighter one holds. */
  tighten({ calls, observe }: BudgetRule): void {
    this.#calls = Math.min(this.#calls, calls)
    this.#isObserving &&= observe
  }

  enter(caller: string, priority: Priority): Lease | Waiting {
    const now = this.#parts.clock.monotonic()
    this.#log.expire(now)
    this.#turn(now)
    const level = this.#levels[priority]
    const share = level.share(caller, this.#calls)
    share.ask(now)
    level.asks += 1
    if (now < this.#heldUntil) throw this.#overBudget(this.#heldUntil - now)
    if (this.#waiters.length === 0 && this.#admits(share, priority, now)) {
      return this.#grant(share, priority)
    }
    if (this.#isObserving) {
      this.#parts.onOver()
      return this.#grant(share, priority)
    }
    return this.#wait(share, priority, now)
  }

  /** How much is left, for metrics. */
  get free(): number {
    this.#log.expire(this.#parts.clock.monotonic())
    return Math.max(0, this.#calls - this.#log.used)
  }

  answered(share: Share, head: AnswerHead): void {
    const now = this.#parts.clock.monotonic()
    this.#log.end(share, now)
    this.#correct(head, now)
    if (head.status === 429) this.#heldUntil = Math.max(this.#heldUntil, now + restAfter(head))
  }

  failed(share: Share): void {
    this.#log.end(share, this.#parts.clock.monotonic())
  }

  cancelled(share: Share): void {
    this.#log.cancel(share)
    share.served -= 1
    if (this.#waiters.length > 0) this.#pump()
  }

  /** Others may call with the same key, and the limit may be lower than published. */
  #correct(head: AnswerHead, now: number): void {
    const said = readQuotaHeaders(head)
    if (said === null) return
    // Never upwards: nobody says over which time their limit counts.
    if (said.limit !== null && said.limit > 0) this.#calls = Math.min(this.#calls, said.limit)
    if (said.remaining === null) return
    this.#log.expire(now)
    this.#log.addForeign(this.#calls - this.#log.used - said.remaining, now)
  }

  #turn(now: number): void {
    if (now < this.#turnsAt) return
    const isLong = now >= this.#turnsAt + this.#log.per
    for (const level of this.#levels) {
      level.turn()
      if (isLong) level.turn()
    }
    this.#turnsAt = now + this.#log.per
  }

  #free(priority: Priority): number {
    const kept = priority === 0 ? 0 : priority * Math.floor(this.#calls * KEPT)
    return this.#calls - this.#log.used - kept
  }

  #admits(share: Share, priority: Priority, now: number): boolean {
    const free = this.#free(priority)
    if (free <= 0) return false
    const level = this.#levels[priority]
    // All that anybody has asked for of late would fit: no need to look at who asked.
    if (free > level.asks + level.asksBefore) return true
    return level.wantedBefore(share, now, this.#log.per, free) < free
  }

  #grant(share: Share, priority: Priority): Lease {
    this.#log.begin(share)
    this.#levels[priority].serve(share)
    return new Granted(this, share)
  }

  #wait(share: Share, priority: Priority, now: number): Waiting {
    const wait = this.#expectedWait(share, priority, now)
    if (wait > LONGEST_WAIT) throw this.#overBudget(wait)
    const waiter = new Waiter(share, priority)
    if (this.#waiters.length >= MOST_WAITING) {
      const last = this.#waiters.reduce((worst, other) => (isBefore(worst, other) ? other : worst))
      if (!isBefore(waiter, last)) throw this.#overBudget(Math.max(wait, LONGEST_WAIT))
      this.#refuse(last)
    }
    this.#waiters.push(waiter)
    waiter.stopTimer = this.#parts.schedule(LONGEST_WAIT, () => this.#refuse(waiter))
    this.#pump()
    const abandon = (problem: Problem) => {
      this.#remove(waiter)
      waiter.reject(problem)
    }
    return { lease: waiter.lease, abandon }
  }

  /** Gives out what is free, in order, and comes back when more will be. */
  #pump(): void {
    const now = this.#parts.clock.monotonic()
    this.#log.expire(now)
    while (this.#waiters.length > 0 && now >= this.#heldUntil) {
      const next = this.#waiters.reduce((best, other) => (isBefore(other, best) ? other : best))
      if (!this.#admits(next.share, next.priority, now)) break
      this.#remove(next)
      next.resolve(this.#grant(next.share, next.priority))
    }
    this.#stopTimer?.()
    this.#stopTimer = null
    if (this.#waiters.length === 0) return
    const wait = Math.max(this.#log.whenFreed(1, now), this.#heldUntil) - now
    const pump = () => this.#pump()
    this.#stopTimer = this.#parts.schedule(Math.min(Math.max(wait, SHORTEST), LONGEST_WAIT), pump)
  }

  #refuse(waiter: Waiter): void {
    const now = this.#parts.clock.monotonic()
    this.#remove(waiter)
    waiter.reject(this.#overBudget(this.#expectedWait(waiter.share, waiter.priority, now)))
  }

  #remove(waiter: Waiter): void {
    waiter.stopTimer()
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
  }

  /** Milliseconds until the call could be sent, if everybody who goes first does call. */
  #expectedWait(share: Share, priority: Priority, now: number): number {
    if (now < this.#heldUntil) return this.#heldUntil - now
    const { per } = this.#log
    const lighter = this.#levels[priority].wantedBefore(share, now, per, Infinity)
    const urgent = this.#waiters.filter((waiter) => goesFirst(waiter, share, priority)).length
    const missing = 1 + lighter + urgent - this.#free(priority)
    return missing <= 0 ? 0 : this.#log.whenFreed(missing, now) - now
  }

  #overBudget(wait: number): Problem {
    return overBudget(this.#parts.title, wait)
  }
}

/** @param wait milliseconds after which the call would go through */
export function overBudget(title: string, wait: number): Problem {
  const retryAfter = Math.max(1, Math.ceil(wait / 1000))
  const detail = `The quota that ${title} grants is used up for now.`
  return new Problem('upstream/over-budget', detail, { retryAfter })
}

/** A pump runs at most this often. Milliseconds. */
const SHORTEST = 5

/** The callers of one priority. */
class Level {
  readonly #shares = new Map<string, Share>()
  #mostServed = 0
  /** Made by anybody in this period and in the one before. */
  asks = 0
  asksBefore = 0

  share(caller: string, calls: number): Share {
    const lag = Math.ceil(calls * LAG)
    const known = this.#shares.get(caller)
    if (known !== undefined) {
      if (known.served < this.#mostServed - lag) known.served = this.#mostServed - lag
      return known
    }
    if (this.#shares.size >= MOST_SHARES && caller !== CROWD) return this.share(CROWD, calls)
    const share = new Share(Math.max(0, this.#mostServed - lag))
    this.#shares.set(caller, share)
    return share
  }

  serve(share: Share): void {
    share.served += 1
    if (share.served > this.#mostServed) this.#mostServed = share.served
  }

  turn(): void {
    this.asksBefore = this.asks
    this.asks = 0
    for (const [caller, share] of this.#shares) if (!share.turn()) this.#shares.delete(caller)
  }

  /** How many calls those served less than this one may want before it; stops counting at `most`. */
  wantedBefore(share: Share, now: number, per: number, most: number): number {
    let wanted = 0
    for (const other of this.#shares.values()) {
      const lead = share.served - other.served
      if (lead <= 0) continue
      const wants = other.wants(now, per)
      if (wants <= 0) continue
      wanted += wants < lead ? wants : lead
      if (wanted >= most) break
    }
    return wanted
  }
}

class Granted implements Lease {
  readonly #budget: Budget
  readonly #share: Share

  constructor(budget: Budget, share: Share) {
    this.#budget = budget
    this.#share = share
  }

  answered(head: AnswerHead): void {
    this.#budget.answered(this.#share, head)
  }

  failed(): void {
    this.#budget.failed(this.#share)
  }

  cancel(): void {
    this.#budget.cancelled(this.#share)
  }
}

class Waiter {
  readonly share: Share
  readonly priority: Priority
  readonly lease: Promise<Lease>
  readonly resolve: (lease: Lease) => void
  readonly reject: (problem: Problem) => void
  stopTimer: () => void = () => undefined

  constructor(share: Share, priority: Priority) {
    const { promise, resolve, reject } = Promise.withResolvers<Lease>()
    this.share = share
    this.priority = priority
    this.lease = promise
    this.resolve = resolve
    this.reject = reject
  }
}

function isBefore(one: Waiter, other: Waiter): boolean {
  if (one.priority !== other.priority) return one.priority < other.priority
  return one.share.served < other.share.served
}

/** Waits already, and goes first though it has not been served less. */
function goesFirst(waiter: Waiter, share: Share, priority: Priority): boolean {
  if (waiter.priority !== priority) return waiter.priority < priority
  return waiter.share.served === share.served
}
