import type { Problem } from '../problem.ts'
import type { AnswerHead } from '../provider.ts'
import { LARGEST_ANSWER } from './content-cache.ts'
import type { WholeAnswer } from './content-cache.ts'

/**
 * One read under way that others have joined: the same key, so the same answer (`reading.ts`). Its
 * leader is answered as the bytes come; those who joined get the whole answer at its end, the
 * leader's failure, or word that they have to go alone, because it is too long to hold.
 */
export class Flight {
  /** Null until somebody joins, which is seldom. */
  #joined: Set<Joined> | null = null
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #head: AnswerHead | null = null
  #isCollecting = true
  /** Called when nobody waits any more; set by whoever would go on for their sake. */
  onDeserted: () => void = nobodyCares

  /** Whether anybody but the leader waits for the answer. */
  get isWanted(): boolean {
    return this.#joined !== null && this.#joined.size > 0
  }

  /** Whether the answer is still held, and so need not wait for a slow reader. */
  get isCollecting(): boolean {
    return this.#isCollecting
  }

  join(): Joined {
    const joined = new Joined(this)
    if (this.#isCollecting) (this.#joined ??= new Set()).add(joined)
    else joined.resolve('alone')
    return joined
  }

  leave(joined: Joined): void {
    if (this.#joined?.delete(joined) === true && this.#joined.size === 0) this.onDeserted()
  }

  begin(head: AnswerHead): void {
    this.#head = head
    const { 'content-length': length, 'content-type': type } = head.headers
    const isEndless = typeof type === 'string' && type.startsWith('text/event-stream')
    if (isEndless || Number(length ?? 0) > LARGEST_ANSWER) this.dissolve()
  }

  data(chunk: Buffer): void {
    if (!this.#isCollecting) return
    this.#bytes += chunk.length
    if (this.#bytes > LARGEST_ANSWER) this.dissolve()
    else this.#chunks.push(chunk)
  }

  /** The answer is complete. Null where it was too long to hold. */
  end(): WholeAnswer | null {
    if (!this.#isCollecting || this.#head === null) return null
    return { head: this.#head, body: Buffer.concat(this.#chunks, this.#bytes) }
  }

  /** Everybody who joined gets this answer. */
  land(answer: WholeAnswer): void {
    this.#settle((joined) => joined.resolve(answer))
  }

  /** Everybody who joined fails as the leader did. */
  fail(problem: Problem): void {
    this.#settle((joined) => joined.reject(problem))
  }

  /** Everybody has to go alone. */
  dissolve(): void {
    this.#chunks.length = 0
    this.#settle((joined) => joined.resolve('alone'))
  }

  #settle(tell: (joined: Joined) => void): void {
    this.#isCollecting = false
    if (this.#joined === null) return
    for (const joined of this.#joined) tell(joined)
    this.#joined = null
  }
}

const nobodyCares = (): void => undefined

/** One call that has joined a flight. */
export class Joined {
  readonly #flight: Flight
  readonly answer: Promise<WholeAnswer | 'alone'>
  readonly resolve: (answer: WholeAnswer | 'alone') => void
  readonly reject: (problem: Problem) => void

  constructor(flight: Flight) {
    const { promise, resolve, reject } = Promise.withResolvers<WholeAnswer | 'alone'>()
    this.#flight = flight
    this.answer = promise
    this.resolve = resolve
    this.reject = reject
  }

  /** The caller has gone. */
  leave(problem: Problem): void {
    this.reject(problem)
    this.#flight.leave(this)
  }
}
