/**
 * Stage 5: sent and answered.
 *
 * Owns one call to an upstream: what is sent, how long it may take, what of the answer reaches the
 * caller. Our own, on undici's dispatch, because ready-made proxies pass on what they should not
 * (docs/decisions/0002-own-forwarder.md). Never follows a redirect, never retries; an answer that
 * refuses the credential is handed back unwritten where the call may be sent again.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import type { Body } from '../downstream/body.ts'
import { Problem } from '../problem.ts'
import type { AnswerHead, Credential, Route } from '../provider.ts'
import type { Flight } from './coalesce.ts'
import { callerGone, failureOf, isTheirs, timedOut } from './failure.ts'
import { oddityOf } from './odd-answer.ts'
import { createRefusalReader } from './refusal-reader.ts'
import type { RefusalReader } from './refusal-reader.ts'
import { responseHeaders } from './response-headers.ts'
import type { AnswerContext } from './response-headers.ts'
import type { Sending } from './sending.ts'

/** One sending. */
export interface Transfer {
  readonly dispatcher: Dispatcher
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Name, value, name, value. */
  readonly headers: string[]
  readonly body: Body
  /** Monotonic milliseconds at which the call has taken too long, replays included. */
  readonly deadline: number
  /** The token names an account, which the upstream may no longer know. */
  readonly namesAccount: boolean
  readonly route: Route
  readonly credential: Credential
  /** Whose share of a quota it takes. */
  readonly caller: string
  /** Others may wait for the same answer; null where it is nobody else's. */
  readonly flight: Flight | null
  /** An answer that says that the upstream fails is not passed on: there is a better one. */
  readonly withholdsFaults: boolean
  readonly context: AnswerContext
  readonly recorder: SendingRecorder
}

export interface SendingRecorder {
  /** A sending has ended, well or not. @param startedAt monotonic milliseconds */
  forwarded(startedAt: number): void
}

export type Outcome =
  | {
      readonly type: 'answered'
      readonly status: number
      /** The answer says that the upstream does not know the account that the token names. */
      readonly isAccountGone: boolean
    }
  /** The upstream refused the credential; nothing was written to the caller. */
  | { readonly type: 'refused'; readonly head: AnswerHead }
  /** The upstream fails; nothing was written to the caller. */
  | { readonly type: 'withheld' }

/** @param sending is told how it went */
export type Forward = (
  transfer: Transfer,
  response: ServerResponse,
  sending?: Sending,
) => Promise<Outcome>

export function createForward(clock: Clock): Forward {
  return (transfer, response, sending) =>
    new Promise((resolve, reject) => {
      new Relay(transfer, response, clock, resolve, reject, sending).send()
    })
}

/** Milliseconds until the head of an answer has to be there, waiting for a connection included. */
const HEAD_TIMEOUT = 5_000

/** Answers longer than this are not worth reading to the end only to keep a connection. */
const MAX_DRAINED_BYTES = 64 * 1024

/**
 * Held for a caller who reads slowly, so that an ordinary answer leaves its upstream connection
 * free: a few hundred slow readers would otherwise hold all there are (threats T32).
 */
const HELD_BYTES = 128 * 1024

/** Carries one answer from the upstream to the caller. A class, so that a call makes no closures. */
class Relay implements Dispatcher.DispatchHandler {
  readonly #transfer: Transfer
  readonly #response: ServerResponse
  readonly #resolve: (outcome: Outcome) => void
  readonly #reject: (problem: unknown) => void
  #timer: NodeJS.Timeout
  /** Milliseconds that are left when the wait for the head is over. */
  #rest: number
  readonly #startedAt: number
  readonly #sending: Sending | undefined
  readonly #flight: Flight | null
  #controller: Dispatcher.DispatchController | null = null
  #refusalReader: RefusalReader | null = null
  #isRefused = false
  #isSettled = false
  #isTimedOut = false
  #isPaused = false
  #drained = 0
  #status = 0
  #lines: string[] = []
  /** Bytes that the answer has, where it says so and they may come in one piece. */
  #expected = -1
  /** An answer that came in one piece, until its end. */
  #whole: Buffer | null = null
  /** The caller has gone, and the answer is carried on for those who share it. */
  #isCallerGone = false

  constructor(
    transfer: Transfer,
    response: ServerResponse,
    clock: Clock,
    resolve: (outcome: Outcome) => void,
    reject: (problem: unknown) => void,
    sending?: Sending,
  ) {
    this.#transfer = transfer
    this.#sending = sending
    this.#flight = transfer.flight
    this.#response = response
    this.#resolve = resolve
    this.#reject = reject
    this.#startedAt = clock.monotonic()
    // Whole milliseconds: Node keeps its timers in one list for each length of time.
    const left = Math.ceil(Math.max(0, transfer.deadline - this.#startedAt))
    const patience = isStream(transfer.body) ? left : Math.min(left, headTimeout(transfer.route))
    this.#rest = left - patience
    this.#timer = setTimeout(timeOut, patience, this)
    response.on('close', this.#onClose)
  }

  send(): void {
    const { dispatcher, method, target, headers, body, context, route } = this.#transfer
    if (this.#response.destroyed) this.#onClose()
    if (this.#isSettled) return
    const options: Dispatcher.DispatchOptions = {
      origin: context.upstream.origin,
      method,
      path: target,
      headers,
      body: payload(body),
    }
    // How long a caller takes to send is no time that the upstream takes: undici can tell.
    if (isStream(body)) options.headersTimeout = headTimeout(route)
    try {
      dispatcher.dispatch(options, this)
    } catch (error) {
      this.#fail(error)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isSettled) controller.abort(callerGone())
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    const { context, method } = this.#transfer
    const head = { status, headers }
    this.#status = status
    this.#sending?.answered(head)
    const oddity = oddityOf(status, headers, controller.rawHeaders)
    if (oddity !== null) return this.#breakOff(controller, oddity)
    const verdict = context.upstream.classify(head)
    if (verdict === 'credential-rejected') return this.#refuse({ type: 'refused', head })
    if (this.#transfer.withholdsFaults && (verdict === 'fault' || verdict === 'throttled')) {
      return this.#refuse({ type: 'withheld' })
    }
    this.#flight?.begin(head)
    if (this.#transfer.namesAccount) {
      this.#refusalReader = createRefusalReader(head, context.upstream)
    }
    // An event stream lasts as long as it lives; undici's idle limit watches over it.
    const isEventStream = String(headers['content-type']).startsWith('text/event-stream')
    if (isEventStream) clearTimeout(this.#timer)
    this.#lines = responseHeaders(headers, context, status)
    if (method === 'HEAD' || isEventStream) {
      this.#writeHead()
      this.#response.flushHeaders()
    } else this.#expected = expectedBytes(headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isRefused) return this.#drainRefused(controller, chunk)
    if (this.#isSettled) return
    this.#refusalReader?.read(chunk)
    this.#flight?.data(chunk)
    if (this.#isCallerGone) return this.#goOnForOthers()
    if (chunk.length === this.#expected && !this.#response.headersSent) {
      this.#whole = chunk
      return
    }
    this.#writeHead()
    // What is held for others does not wait for one slow reader.
    const isTaken = this.#response.write(chunk) || this.#flight?.isCollecting === true
    if (isTaken || this.#isPaused || this.#response.writableLength <= HELD_BYTES) return
    this.#isPaused = true
    controller.pause()
    this.#sending?.paused(this.#response)
    this.#response.once('drain', this.#onDrain)
  }

  onResponseEnd(): void {
    if (this.#isRefused || this.#isSettled) return
    if (!this.#isCallerGone) this.#writeEnd()
    const isAccountGone = this.#refusalReader?.isAccountGone() === true
    this.#settle({ type: 'answered', status: this.#status, isAccountGone })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(this.#isTimedOut ? timedOut(this.#transfer.context.upstream.title) : error)
  }

  readonly #onClose = (): void => {
    if (this.#isSettled || this.#response.writableFinished) return
    this.#isCallerGone = true
    if (this.#flight !== null) this.#flight.onDeserted = this.#abandon
    this.#goOnForOthers()
  }

  #goOnForOthers(): void {
    if (this.#flight?.isWanted !== true) this.#abandon()
  }

  /** Nobody will read the rest. */
  readonly #abandon = (): void => {
    if (this.#isSettled) return
    this.#fail(callerGone())
    this.#controller?.abort(callerGone())
  }

  readonly #onDrain = (): void => {
    this.#isPaused = false
    this.#controller?.resume()
    this.#sending?.resumed(this.#response)
  }

  /** Not before there is something to follow: an answer that breaks at once is still a problem. */
  #writeHead(): void {
    if (!this.#response.headersSent) this.#response.writeHead(this.#status, this.#lines)
  }

  /** Text goes out in one piece with the head; two pieces cost more, whatever their length. */
  #writeEnd(): void {
    this.#writeHead()
    if (this.#whole === null) this.#response.end()
    else this.#response.end(this.#whole.toString('latin1'), 'latin1')
  }

  /** The rest is read only to keep the connection. */
  #refuse(outcome: Outcome): void {
    this.#isRefused = true
    this.#settle(outcome)
  }

  #drainRefused(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#drained += chunk.length
    if (this.#drained > MAX_DRAINED_BYTES) controller.abort(callerGone())
  }

  #breakOff(controller: Dispatcher.DispatchController, what: string): void {
    const { title } = this.#transfer.context.upstream
    const problem = new Problem('upstream/bad-response', `${title} answered with ${what}.`)
    this.#fail(problem)
    controller.abort(problem)
  }

  timeOut(): void {
    if (this.#status !== 0 && this.#rest > 0) {
      this.#timer = setTimeout(timeOut, this.#rest, this)
      this.#rest = 0
      return
    }
    this.#isTimedOut = true
    // While the upstream waits for a caller who does not read, it is the caller who takes too long:
    // a few of those must not look like an upstream that fails.
    const problem = this.#isPaused ? callerGone() : timedOut(this.#transfer.context.upstream.title)
    this.#fail(problem)
    this.#controller?.abort(problem)
  }

  #fail(error: unknown): void {
    if (this.#isSettled) return
    this.#finish()
    const problem = failureOf(error, this.#transfer.context.upstream.title)
    this.#sending?.failed(isTheirs(problem))
    this.#reject(problem)
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return
    this.#finish()
    this.#resolve(outcome)
  }

  #finish(): void {
    this.#isSettled = true
    this.#transfer.recorder.forwarded(this.#startedAt)
    clearTimeout(this.#timer)
    this.#response.off('close', this.#onClose)
    if (!this.#isPaused) return
    this.#response.off('drain', this.#onDrain)
    this.#sending?.resumed(this.#response)
  }
}

/**
 * Ours and not undici's, whose timers all end together twice a second: the calls that an upstream
 * leaves hanging would then fail in crowds, which everybody else waits for.
 */
function headTimeout({ timeouts }: Route): number {
  return timeouts?.headers ?? HEAD_TIMEOUT
}

function isStream(body: Body): boolean {
  return body !== null && !Buffer.isBuffer(body)
}

function timeOut(relay: Relay): void {
  relay.timeOut()
}

/** Up to here, copying an answer costs less than a second piece. */
const SMALL = 16 * 1024

function expectedBytes({ 'content-length': length }: IncomingHttpHeaders): number {
  const bytes = length === undefined ? -1 : Number(length)
  return bytes <= SMALL ? bytes : -1
}

function payload(body: Body): Buffer | Readable | null {
  if (body === null || Buffer.isBuffer(body)) return body
  return Readable.from(body.stream, { objectMode: false })
}
