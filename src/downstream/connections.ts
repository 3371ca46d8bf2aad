import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What serves a request, once it is its turn. */
export type Serve = (request: IncomingMessage, response: ServerResponse) => void

/** Whose fault unreadable bytes are, and what is to be done with the connection. */
export type Breakage = 'refuse' | 'destroy' | 'closes-itself'

/**
 * What is under way on each connection: one call at a time. A parser reads ahead, and served as
 * they come, nine pipelined calls would be executed before the tenth is found to be no HTTP.
 */
export interface Connections {
  /** Serves the request when everything before it on the same connection has been answered. */
  readonly take: Serve
  /** The parser has given up on a connection. A call whose answer is on its way is finished. */
  readonly broken: (socket: Socket) => Breakage
  /** Ends answers that nobody reads. Called about once a second. */
  readonly sweep: () => void
}

/** Nobody pipelines this much in good faith. */
const MOST_WAITING = 32

/**
 * @param stalled milliseconds for which written bytes may wait for a caller to read them
 */
export function createConnections(
  serve: Serve,
  { stalled, now }: { readonly stalled: number; readonly now: () => number },
): Connections {
  const lines = new WeakMap<Socket, Line>()
  const busy = new Set<Line>()
  return {
    take(request, response) {
      const { socket } = request
      let line = lines.get(socket)
      if (line === undefined) {
        line = new Line(socket, serve, busy)
        lines.set(socket, line)
      }
      line.take(request, response)
    },
    broken: (socket) => lines.get(socket)?.broken() ?? 'refuse',
    sweep() {
      const time = now()
      for (const line of busy) line.sweep(time, stalled)
    },
  }
}

/** The calls of one connection. A class, so that a call makes no closures. */
class Line {
  readonly #socket: Socket
  readonly #serve: Serve
  readonly #busy: Set<Line>
  readonly #waiting: [IncomingMessage, ServerResponse][] = []
  #request: IncomingMessage | null = null
  #response: ServerResponse | null = null
  #isServed = false
  #isBroken = false
  #unreadSince: number | null = null

  constructor(socket: Socket, serve: Serve, busy: Set<Line>) {
    this.#socket = socket
    this.#serve = serve
    this.#busy = busy
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isBroken) return
    if (this.#response === null) return this.#begin(request, response)
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push([request, response])
    else this.#breakOff()
  }

  broken(): Breakage {
    const [request, response] = [this.#request, this.#response]
    if (request === null || response === null) return 'refuse'
    this.#breakOff()
    if (!this.#isServed) return 'refuse'
    if (request.complete) return 'closes-itself'
    return response.headersSent ? 'destroy' : 'refuse'
  }

  sweep(now: number, stalled: number): void {
    if (this.#response === null || this.#response.writableLength === 0) this.#unreadSince = null
    else this.#unreadSince ??= now
    if (this.#unreadSince !== null && now - this.#unreadSince >= stalled) this.#socket.destroy()
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#request = request
    this.#response = response
    this.#isServed = false
    this.#unreadSince = null
    this.#busy.add(this)
    response.on('close', this.#onClose)
    // Not before the parser has gone through everything that arrived together with the call: where
    // that is no HTTP, two servers may have seen the call end in different places.
    if (mayHaveBody(request)) setImmediate(serveLine, this)
    else process.nextTick(serveLine, this)
  }

  serve(): void {
    if (this.#isBroken || this.#request === null || this.#response === null) return
    this.#isServed = true
    this.#serve(this.#request, this.#response)
  }

  /** Nothing further is served here; the answer that is under way is the last one. */
  #breakOff(): void {
    this.#isBroken = true
    this.#waiting.length = 0
  }

  readonly #onClose = (): void => {
    this.#request = null
    this.#response = null
    this.#busy.delete(this)
    if (this.#isBroken) {
      this.#socket.destroySoon()
      return
    }
    const next = this.#waiting.shift()
    if (next !== undefined && this.#socket.writable) this.#begin(...next)
  }
}

/** The parser lets the tick queue run between a body's pieces; without one, it does not. */
function mayHaveBody({ method }: IncomingMessage): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

function serveLine(line: Line): void {
  line.serve()
}
