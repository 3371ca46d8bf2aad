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
import type { AnswerHead } from '../provider.ts'
import { failureOf, timedOut } from './failure.ts'
import { oddityOf } from './odd-answer.ts'
import { createRefusalReader } from './refusal-reader.ts'
import type { RefusalReader } from './refusal-reader.ts'
import { responseHeaders } from './response-headers.ts'
import type { AnswerContext } from './response-headers.ts'

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

export type Forward = (transfer: Transfer, response: ServerResponse) => Promise<Outcome>

export function createForward(clock: Clock): Forward {
  return (transfer, response) =>
    new Promise((resolve, reject) => {
      new Relay(transfer, response, clock, resolve, reject).send()
    })
}

/** Answers longer than this are not worth reading to the end only to keep a connection. */
const MAX_DRAINED_BYTES = 64 * 1024

/** Carries one answer from the upstream to the caller. A class, so that a call makes no closures. */
class Relay implements Dispatcher.DispatchHandler {
  readonly #transfer: Transfer
  readonly #response: ServerResponse
  readonly #resolve: (outcome: Outcome) => void
  readonly #reject: (problem: unknown) => void
  readonly #timer: NodeJS.Timeout
  readonly #startedAt: number
  #controller: Dispatcher.DispatchController | null = null
  #refusalReader: RefusalReader | null = null
  #isRefused = false
  #isSettled = false
  #isTimedOut = false
  #drained = 0
  #status = 0
  #lines: string[] = []

  constructor(
    transfer: Transfer,
    response: ServerResponse,
    clock: Clock,
    resolve: (outcome: Outcome) => void,
    reject: (problem: unknown) => void,
  ) {
    this.#transfer = transfer
    this.#response = response
    this.#resolve = resolve
    this.#reject = reject
    this.#startedAt = clock.monotonic()
    const left = Math.max(0, transfer.deadline - this.#startedAt)
    this.#timer = setTimeout(() => this.#timeOut(), left)
    response.on('close', this.#onClose)
    response.on('drain', this.#onDrain)
  }

  send(): void {
    const { dispatcher, method, target, headers, body, context } = this.#transfer
    if (this.#response.destroyed) return this.#fail(callerGone())
    if (this.#isSettled) return
    try {
      dispatcher.dispatch(
        { origin: context.upstream.origin, method, path: target, headers, body: payload(body) },
        this,
      )
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
    this.#status = status
    const oddity = oddityOf(status, headers, controller.rawHeaders)
    if (oddity !== null) return this.#breakOff(controller, oddity)
    const head = { status, headers }
    if (context.upstream.classify(head) === 'credential-rejected') {
      this.#isRefused = true
      return this.#settle({ type: 'refused', head })
    }
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
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isRefused) return this.#drainRefused(controller, chunk)
    if (this.#isSettled) return
    this.#refusalReader?.read(chunk)
    this.#writeHead()
    if (!this.#response.write(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#isRefused || this.#isSettled) return
    this.#writeHead()
    this.#response.end()
    const isAccountGone = this.#refusalReader?.isAccountGone() === true
    this.#settle({ type: 'answered', status: this.#status, isAccountGone })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(this.#isTimedOut ? timedOut(this.#transfer.context.upstream.title) : error)
  }

  readonly #onClose = (): void => {
    if (this.#isSettled || this.#response.writableFinished) return
    // The caller has gone: nobody will read the rest.
    this.#fail(callerGone())
    this.#controller?.abort(callerGone())
  }

  readonly #onDrain = (): void => {
    this.#controller?.resume()
  }

  /** Not before there is something to follow: an answer that breaks at once is still a problem. */
  #writeHead(): void {
    if (!this.#response.headersSent) this.#response.writeHead(this.#status, this.#lines)
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

  #timeOut(): void {
    this.#isTimedOut = true
    const problem = timedOut(this.#transfer.context.upstream.title)
    this.#fail(problem)
    this.#controller?.abort(problem)
  }

  #fail(error: unknown): void {
    if (this.#isSettled) return
    this.#finish()
    this.#reject(failureOf(error, this.#transfer.context.upstream.title))
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
    this.#response.off('drain', this.#onDrain)
  }
}

function payload(body: Body): Buffer | Readable | null {
  if (body === null || Buffer.isBuffer(body)) return body
  return Readable.from(body.stream, { objectMode: false })
}

/** Ours, not the upstream's: the log says so, and nobody is there to read the status. */
function callerGone(): Problem {
  return new Problem('downstream/malformed', 'The caller hung up.')
}
