/**
 * Load on raw sockets: kept alive, one call at a time on each, requests prepared as bytes. It
 * reads just enough of an answer to know where it ends, so that it costs little itself.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface Load {
  readonly port: number
  /** The bytes of the next request. */
  readonly next: () => Buffer
  readonly connections: number
  /** All are connected, and the first call is about to be sent. */
  readonly onOpen?: () => void
}

export interface Result {
  readonly calls: number
  /** Answers other than 2xx. */
  readonly failures: number
  /** Milliseconds for each call, in order of completion. */
  readonly latencies: readonly number[]
  /** Milliseconds in all. */
  readonly duration: number
}

/** As fast as the connections allow, until so many calls are answered. */
export async function saturate(load: Load, calls: number): Promise<Result> {
  const clients = await Promise.all(Array.from({ length: load.connections }, () => open(load.port)))
  const latencies: number[] = []
  let failures = 0
  let started = 0
  load.onOpen?.()
  const startedAt = performance.now()
  const work = async (client: Client): Promise<void> => {
    while (started++ < calls) {
      const sentAt = performance.now()
      const status = await client.call(load.next())
      latencies.push(performance.now() - sentAt)
      if (status < 200 || status > 299) failures++
    }
  }
  await Promise.all(clients.map(work))
  const duration = performance.now() - startedAt
  for (const client of clients) client.close()
  return { calls, failures, latencies, duration }
}

/** At a fixed rate, whether or not earlier calls are answered: latencies count from when they were due. */
export async function pace(load: Load, rate: number, seconds: number): Promise<Result> {
  const idle = await Promise.all(Array.from({ length: load.connections }, () => open(load.port)))
  const clients = [...idle]
  const waiting: number[] = []
  const latencies: number[] = []
  let failures = 0
  const calls = Math.round(rate * seconds)
  load.onOpen?.()
  const startedAt = performance.now()
  const finished = Promise.withResolvers<void>()
  const run = async (client: Client, dueAt: number): Promise<void> => {
    const status = await client.call(load.next())
    latencies.push(performance.now() - dueAt)
    if (status < 200 || status > 299) failures++
    if (latencies.length === calls) finished.resolve()
    const due = waiting.shift()
    if (due === undefined) idle.push(client)
    else void run(client, due)
  }
  let issued = 0
  const tick = (): void => {
    const now = performance.now()
    while (issued < calls && startedAt + (issued * 1000) / rate <= now) {
      const dueAt = startedAt + (issued++ * 1000) / rate
      // In turn: one that is never used would be closed.
      const client = idle.shift()
      if (client === undefined) waiting.push(dueAt)
      else void run(client, dueAt)
    }
    if (issued === calls) return
    // A timer is a millisecond late at times, so the rest of the wait is spent looking.
    const wait = startedAt + (issued * 1000) / rate - performance.now()
    if (wait > 2) setTimeout(tick, wait - 2)
    else setImmediate(tick)
  }
  tick()
  await finished.promise
  for (const client of clients) client.close()
  return { calls, failures, latencies, duration: performance.now() - startedAt }
}

interface Client {
  call(request: Buffer): Promise<number>
  close(): void
}

async function open(port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return createClient(socket)
}

function createClient(socket: Socket): Client {
  let settle: ((status: number) => void) | null = null
  let status = 0
  let left = -1
  let isChunked = false
  let head = ''

  const done = (): void => {
    const resolve = settle
    settle = null
    left = -1
    head = ''
    resolve?.(status)
  }
  socket.on('data', (chunk) => {
    if (left >= 0 && !isChunked) {
      left -= chunk.length
      if (left <= 0) done()
      return
    }
    head += chunk.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end === -1) return
    status = Number(head.slice(9, 12))
    const length = /\r\ncontent-length: (\d+)/i.exec(head.slice(0, end))?.[1]
    isChunked = length === undefined && status !== 204
    if (isChunked) {
      left = 0
      if (head.endsWith('0\r\n\r\n')) done()
      return
    }
    left = Number(length ?? 0) - (head.length - end - 4)
    if (left <= 0) done()
  })
  socket.on('close', () => settle?.(599))
  socket.on('error', () => socket.destroy())
  return {
    call: (request) =>
      new Promise((resolve) => {
        settle = resolve
        if (socket.destroyed) resolve(599)
        else socket.write(request)
      }),
    close: () => socket.destroy(),
  }
}
