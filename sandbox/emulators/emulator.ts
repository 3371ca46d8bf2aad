/**
 * The server under both emulators: it listens, records what arrives, applies the faults a test asked
 * for, and writes the answer. What a request means is the provider's (`neuroon.ts`, `nector.ts`).
 *
 * Nothing in this folder imports the gateway: the emulators are the second opinion on every
 * credential, and an error that both sides share would be seen by nobody. Plain `node:http`, because
 * the connections have to be cut in the middle of an answer.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { readCall } from './call.ts'
import type { Answer, Call } from './call.ts'
import type { CutPlace, FaultDesk, Faults } from './faults.ts'
import { joinHeaders } from './received.ts'
import type { Received } from './received.ts'

export type { Answer, AnswerBody } from './call.ts'
export type { CutPlace, FaultAnswer, Faults, Match, Times } from './faults.ts'
export type { Received } from './received.ts'

export interface Emulator {
  /** `http://127.0.0.1:<port>`; throws before `listen`. */
  readonly url: string
  /** Every request in the order of arrival; the oldest are forgotten after 200 000. */
  readonly received: Received[]
  /** One line for each place in which a secret arrived that should never have been sent. */
  readonly leaks: string[]
  readonly faults: Faults
  /** Listens on 127.0.0.1 alone; port 0 takes a free one. May be called again after `close`. */
  listen(port?: number): Promise<string>
  /** Stops listening and destroys what is open, answered or not. */
  close(): Promise<void>
}

export interface EmulatorParts {
  readonly now: () => number
  readonly desk: FaultDesk
  answer(call: Call): Answer
  /** Headers of every answer to this call, whoever gives it. */
  headersFor(call: Call): Record<string, string | string[]>
  /** A description for each secret that the call shows; without the secret. */
  leaksIn(call: Call): string[]
}

const MAX_RECEIVED = 200_000
const MAX_BODY = 32 * 1024 * 1024

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export function createEmulator(parts: EmulatorParts): Emulator {
  const received: Received[] = []
  const leaks: string[] = []
  const sockets = new Set<Socket>()
  const connectionIds = new WeakMap<Socket, number>()
  let connections = 0
  let closing = new AbortController()
  let url: string | null = null

  // A short keep-alive would make tests race with the server for a pooled connection.
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    serve(request, response).catch(() => request.socket.destroy())
  })
  server.on('connection', (socket) => {
    connections += 1
    connectionIds.set(socket, connections)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.sendDate = false
    const record = recordOf(request, parts.now(), connectionIds.get(request.socket) ?? 0)
    remember(received, record)

    const bytes = await readBody(request)
    record.bytes = bytes
    record.body = bytes.toString('utf8')

    const call = readCall(
      {
        method: record.method,
        target: record.path,
        rawHeaders: record.rawHeaders,
        address: request.socket.remoteAddress ?? '',
      },
      bytes,
    )
    if (call !== null) leaks.push(...parts.leaksIn(call))

    const plan = parts.desk.plan(record.method, record.path)
    if (plan.delay > 0) await sleep(plan.delay, undefined, { signal: closing.signal })
    if (plan.cut === 'before-headers') return void request.socket.destroy()

    const answer = plan.answer ?? answerTo(call)
    const common = {
      date: new Date(parts.now()).toUTCString(),
      'x-request-id': randomUUID(),
      ...(call === null ? {} : parts.headersFor(call)),
    }
    record.status = answer.status
    await send(response, answer, common, plan.cut)
  }

  function answerTo(call: Call | null): Answer {
    if (call === null) return { status: 400, body: { message: 'The target cannot be read' } }
    try {
      return parts.answer(call)
    } catch (error) {
      return { status: 500, body: { message: `The emulator failed: ${String(error)}` } }
    }
  }

  return {
    get url() {
      if (url === null) throw new Error('The emulator is not listening yet')
      return url
    },
    received,
    leaks,
    faults: parts.desk.faults,

    async listen(port = 0) {
      closing = new AbortController()
      // Tests open thousands of connections at once.
      server.listen({ port, host: '127.0.0.1', backlog: 8192 })
      await once(server, 'listening')
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('No port was given')
      url = `http://127.0.0.1:${address.port}`
      return url
    },

    async close() {
      closing.abort()
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

function recordOf(request: IncomingMessage, at: number, connection: number): Mutable<Received> {
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    rawHeaders: request.rawHeaders,
    headers: joinHeaders(request.rawHeaders),
    body: '',
    bytes: Buffer.alloc(0),
    at,
    status: 0,
    connection,
  }
}

function remember(received: Received[], record: Received): void {
  if (received.length >= MAX_RECEIVED) received.splice(0, MAX_RECEIVED / 10)
  received.push(record)
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > MAX_BODY) throw new Error('The body is larger than an emulator takes')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function send(
  response: ServerResponse,
  answer: Answer,
  common: Record<string, string | string[]>,
  cut: CutPlace | null,
): Promise<void> {
  const body = answer.body
  if (typeof body === 'function') {
    response.writeHead(answer.status, { ...common, ...lowerCased(answer.headers) })
    return stream(response, body(), cut)
  }

  const bytes = toBytes(body)
  response.writeHead(answer.status, {
    ...common,
    ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...(answer.status === 204 || answer.status === 304 ? {} : { 'content-length': bytes.length }),
    ...lowerCased(answer.headers),
  })
  if (cut === null) return void response.end(bytes)

  response.flushHeaders()
  await written(response, bytes.subarray(0, Math.floor(bytes.length / 2)))
  response.socket?.destroy()
}

async function stream(
  response: ServerResponse,
  pieces: AsyncIterable<string | Uint8Array>,
  cut: CutPlace | null,
): Promise<void> {
  response.flushHeaders()
  for await (const piece of pieces) {
    if (response.destroyed) return
    await written(response, piece)
    if (cut !== null) return void response.socket?.destroy()
  }
  response.end()
}

/** Resolves when the piece has gone to the kernel, or can no longer go anywhere. */
function written(response: ServerResponse, piece: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve)
    response.write(piece, () => {
      response.off('close', resolve)
      resolve()
    })
  })
}

function toBytes(body: string | Uint8Array | object | undefined): Uint8Array {
  if (body === undefined) return Buffer.alloc(0)
  if (body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function lowerCased(
  headers: Readonly<Record<string, string | string[]>> = {},
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
