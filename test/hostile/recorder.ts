import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { readRequests } from './strict-reader.ts'
import type { StrictRequest } from './strict-reader.ts'

/** A request that reached the recorder, with its number: the answer's `ETag` says it again. */
export interface Recorded extends StrictRequest {
  readonly number: number
}

/** A raw TCP upstream that keeps every byte it gets and re-reads it strictly. */
export interface Recorder {
  readonly url: string
  readonly requests: readonly Recorded[]
  /** What the strict reader says against the bytes of a connection. */
  readonly faults: readonly string[]
  /** All bytes of all connections. */
  bytes(): Buffer
  readonly connections: number
  /** Begins a new page: what came before is forgotten. */
  forget(): void
  close(): Promise<void>
}

export interface RecorderOptions {
  /** The bytes that answer a request; `null` keeps silent. */
  readonly answer?: (request: Recorded, socket: Socket) => string | Buffer | null
}

/** Says which request it answers, and whatever else is asked for by a test. */
export function plainAnswer({ number, method }: Recorded): string {
  const body = `{"number":${number}}`
  return (
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n' +
    `content-length: ${body.length}\r\netag: "${number}"\r\n\r\n${method === 'HEAD' ? '' : body}`
  )
}

export async function startRecorder({
  answer = plainAnswer,
}: RecorderOptions = {}): Promise<Recorder> {
  const sockets = new Set<Socket>()
  let requests: Recorded[] = []
  let faults: string[] = []
  let kept: Buffer[] = []
  let connections = 0
  let number = 0

  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    let rest: Buffer = Buffer.alloc(0)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      kept.push(chunk)
      const reading = readRequests(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]))
      rest = reading.rest
      for (const request of reading.requests) {
        number += 1
        const recorded = { ...request, number }
        requests.push(recorded)
        const bytes = answer(recorded, socket)
        if (bytes !== null && socket.writable) socket.write(bytes)
      }
      if (reading.faults.length > 0) {
        faults.push(...reading.faults)
        rest = Buffer.alloc(0)
        socket.destroy()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    get requests() {
      return requests
    },
    get faults() {
      return faults
    },
    get connections() {
      return connections
    },
    bytes: () => Buffer.concat(kept),
    forget() {
      requests = []
      faults = []
      kept = []
      connections = 0
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
