/**
 * Everything that servers of this process write to their sockets, byte for byte, filed under the
 * call that it answers. Nobody who reads the answer is needed for it, and no test has to remember.
 *
 * Also hears what must not be among it: what callers prove themselves with, and the short-lived
 * proofs that go upstream.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Emitted } from './canary.ts'

export interface Emissions {
  /** Forgets what is emitted elsewhere than at these addresses, so far and from now on. */
  only(urls: readonly string[]): void
  /** All of it so far: what one call was answered with is one piece. */
  all(): Emitted[]
  /** Bearer values and cookies that were sent to these addresses, and what each of them is. */
  readonly shown: ReadonlyMap<string, string>
  /** Proofs of the gateway that were sent anywhere else, with the name of their header. */
  readonly proofs: ReadonlyMap<string, string>
  stop(): void
}

/** Where bytes go that answer no call: it could not be read as one. */
const NO_CALL = 'the answer to what is no call'

interface Connection {
  readonly port: number
  /** The calls on it that are not answered yet, oldest first. */
  readonly calls: string[]
  pieces: Buffer[]
}

/** Headers by which the gateway proves itself; their values are short-lived and as secret. */
const proofHeader = /^(x-leaddigest|x-leadtoken|x-widget-token): (\S+)\r$/gim

/** Shorter ones are what tests make up; they occur by chance. */
const SHORTEST_PROOF = 16

export function watchEmissions(): Emissions {
  let ports: ReadonlySet<number> | null = null
  let emitted: (Emitted & { readonly port: number })[] = []
  const connections = new Map<Socket, Connection>()
  const shown = new Map<string, string>()
  const proofs = new Map<string, string>()
  const isWatched = (port: number) => ports === null || ports.has(port)

  const file = (connection: Connection) => {
    const { port, calls, pieces } = connection
    if (pieces.length === 0) return
    emitted.push({ port, place: calls[0] ?? NO_CALL, text: Buffer.concat(pieces) })
    connection.pieces = []
  }

  const onSocket = (message: unknown) => {
    const socket = memberOf(message, 'socket')
    if (!(socket instanceof Socket) || !isWatched(socket.localPort ?? 0)) return
    const connection: Connection = { port: socket.localPort ?? 0, calls: [], pieces: [] }
    connections.set(socket, connection)
    keepWrites(socket, (bytes) => {
      if (connections.has(socket)) connection.pieces.push(bytes)
    })
    socket.once('close', () => {
      file(connection)
      connections.delete(socket)
    })
  }

  const onCall = (message: unknown) => {
    const call = memberOf(message, 'request')
    if (!(call instanceof IncomingMessage)) return
    const connection = connections.get(call.socket)
    if (connection === undefined) return
    const what = `${call.method} ${call.url?.split('?', 1)[0]}`
    connection.calls.push(`the answer to ${what}`)
    for (const value of proofsIn(call)) shown.set(value, `what ${what} was called with`)
  }

  const onAnswered = (message: unknown) => {
    const socket = memberOf(message, 'socket')
    const connection = socket instanceof Socket ? connections.get(socket) : undefined
    if (connection === undefined) return
    file(connection)
    connection.calls.shift()
  }

  const onSent = (message: unknown) => {
    const [headers, socket] = [memberOf(message, 'headers'), memberOf(message, 'socket')]
    if (typeof headers !== 'string' || !(socket instanceof Socket)) return
    if (ports === null || ports.has(socket.remotePort ?? 0)) return
    for (const [, name = '', value = ''] of headers.matchAll(proofHeader)) {
      if (value.length >= SHORTEST_PROOF) proofs.set(value, name.toLowerCase())
    }
  }

  const channels = {
    'net.server.socket': onSocket,
    'http.server.request.start': onCall,
    'http.server.response.finish': onAnswered,
    'undici:client:sendHeaders': onSent,
  }
  for (const [name, listener] of Object.entries(channels)) subscribe(name, listener)

  return {
    only(urls) {
      ports = new Set(urls.map((url) => Number(new URL(url).port)))
      emitted = emitted.filter(({ port }) => isWatched(port))
      for (const [socket, { port }] of connections) {
        if (!isWatched(port)) connections.delete(socket)
      }
    },
    all() {
      for (const connection of connections.values()) file(connection)
      return emitted
    },
    shown,
    proofs,
    stop() {
      for (const [name, listener] of Object.entries(channels)) unsubscribe(name, listener)
    },
  }
}

/** Copies whatever goes to the kernel. */
function keepWrites(socket: Socket, keep: (bytes: Buffer) => void): void {
  const write = socket._write.bind(socket)
  const writev = socket._writev?.bind(socket)
  socket._write = (chunk: unknown, encoding, done) => {
    keep(bytesOf(chunk, encoding))
    write(chunk, encoding, done)
  }
  socket._writev = (chunks, done) => {
    keep(Buffer.concat(chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding))))
    writev?.(chunks, done)
  }
}

function bytesOf(chunk: unknown, encoding: BufferEncoding): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding)
  if (chunk instanceof Uint8Array)
    return Buffer.from(isFiller(chunk) ? chunk.subarray(0, PAGE) : chunk)
  throw new Error('a socket was written what are no bytes')
}

const PAGE = 4096

/** Tests send megabytes of one letter, in which there is nothing to find: a page of them is kept. */
function isFiller(chunk: Uint8Array): boolean {
  return chunk.length > PAGE && Buffer.alloc(chunk.length, chunk[0] ?? 0).equals(chunk)
}

function proofsIn({ headers }: IncomingMessage): string[] {
  const bearer = headers.authorization?.split(' ').at(-1) ?? ''
  const cookies = (headers.cookie ?? '').split(/; */).map((pair) => pair.replace(/^[^=]*=/, ''))
  return [bearer, ...cookies].filter((value) => value.length >= SHORTEST_PROOF)
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
