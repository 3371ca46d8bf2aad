import { hash, randomUUID } from 'node:crypto'
import type { Clock } from './clock.ts'
import type { Arrival } from './downstream/accept.ts'
import { subjectOf } from './identity/principal.ts'
import type { Principal } from './identity/principal.ts'
import { createRemembered } from './remembered.ts'
import type { Problem, ProblemCode } from './problem.ts'
import type { Channel } from './provider.ts'
import type { Destination } from './storefront.ts'

/**
 * What is written down about one call, by allow-list: ids, codes, route patterns and times. Never
 * a header value, a query, a body or a customer id; a customer shows up as a hash.
 */
export interface CallRecord {
  readonly id: string
  readonly method: string
  readonly storefront: string | null
  readonly provider: string | null
  /** The route's pattern, never the path that was asked for. */
  readonly route: string | null
  readonly family: string | null
  readonly channel: Channel | null
  readonly principal: Principal['kind'] | null
  /** First 12 hex digits of a hash of storefront and customer. */
  readonly subject: string | null
  readonly service: string | null
  readonly status: number
  readonly code: ProblemCode | null
  /** Milliseconds. */
  readonly duration: number
  /** Milliseconds of `duration` that were spent waiting for the upstream. */
  readonly upstreamDuration: number
  /** Times the call was sent upstream. */
  readonly sent: number
  /** Null unless something went wrong inside; for the log alone. */
  readonly cause: unknown
}

/** The name by which a customer of a storefront shows up in the log: 12 hex digits of a hash. */
export type SubjectName = (storefront: string | null, customer: string) => string

/** Hashing costs more than all the rest of a record, so names are remembered. */
export function createSubjectNames(): SubjectName {
  const known = createRemembered<{ readonly storefront: string | null; readonly name: string }>(
    REMEMBERED_SUBJECTS,
  )
  return (storefront, customer) => {
    const entry = known.get(customer)
    if (entry?.storefront === storefront) return entry.name
    const name = nameSubject(storefront, customer)
    known.set(customer, { storefront, name })
    return name
  }
}

const REMEMBERED_SUBJECTS = 40_000

/** Filled in as the call passes the stages. */
export class CallRecorder {
  readonly #clock: Clock
  readonly #subjectName: SubjectName
  /** Monotonic milliseconds. */
  readonly startedAt: number
  #spareId: string | null = null
  #arrival: Arrival | null = null
  #storefront: string | null = null
  #principal: Principal | null = null
  #destination: Destination | null = null
  #problem: Problem | null = null
  #upstreamDuration = 0
  #sent = 0

  constructor(clock: Clock, subjectName: SubjectName = nameSubject) {
    this.#clock = clock
    this.#subjectName = subjectName
    this.startedAt = clock.monotonic()
  }

  arrived(arrival: Arrival): void {
    this.#arrival = arrival
  }

  located(storefront: string, destination: Destination | null): void {
    this.#storefront = storefront
    this.#destination = destination
  }

  identified(principal: Principal): void {
    this.#principal = principal
  }

  /** @param startedAt monotonic milliseconds */
  forwarded(startedAt: number): void {
    this.#sent += 1
    this.#upstreamDuration += this.#clock.monotonic() - startedAt
  }

  failed(problem: Problem): void {
    this.#problem = problem
  }

  /** The request id; one of its own for a request that could not be read. */
  get id(): string {
    return this.#arrival?.id ?? (this.#spareId ??= randomUUID())
  }

  finish(status: number): CallRecord {
    const principal = this.#principal
    const destination = this.#destination
    const isUpstream = destination?.kind === 'upstream'
    return {
      id: this.id,
      method: this.#arrival?.method ?? '',
      storefront: this.#storefront,
      provider: isUpstream ? destination.upstream.provider : null,
      route: isUpstream ? destination.route.path : (destination?.endpoint.path ?? null),
      family: isUpstream ? destination.route.family : destination === null ? null : 'own',
      channel: principal?.channel ?? null,
      principal: principal?.kind ?? null,
      subject: this.#subject(),
      service: principal?.kind === 'service' ? principal.id : null,
      status,
      code: this.#problem?.code ?? null,
      duration: this.#clock.monotonic() - this.startedAt,
      upstreamDuration: this.#upstreamDuration,
      sent: this.#sent,
      cause: this.#problem?.cause,
    }
  }

  #subject(): string | null {
    const customer = this.#principal === null ? null : subjectOf(this.#principal)
    return customer === null ? null : this.#subjectName(this.#storefront, customer)
  }
}

function nameSubject(storefront: string | null, customer: string): string {
  return hash('sha256', JSON.stringify([storefront, customer]), 'hex').slice(0, 12)
}
