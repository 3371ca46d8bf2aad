/** Callers that hold connections without using them. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { host } from './gatehouse.ts'

export interface Attack {
  readonly name: string
  /** Sent once connected. */
  readonly first: string
  /** Sent every second from then on. */
  readonly drop: string
  readonly isReading: boolean
}

const large = `GET /api/widget/search?q=large HTTP/1.1\r\nhost: ${host(0)}\r\n\r\n`

export const attacks: readonly Attack[] = [
  {
    name: 'send headers drop by drop',
    first: `GET /api/widget/search?q=tent HTTP/1.1\r\nhost: ${host(0)}\r\n`,
    drop: 'x: y\r\n',
    isReading: true,
  },
  {
    name: 'send a body drop by drop',
    first: `POST /api/widget/search HTTP/1.1\r\nhost: ${host(0)}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`,
    drop: ' ',
    isReading: true,
  },
  // More than the sockets between take by themselves.
  { name: 'do not read 16 MB', first: large.repeat(16), drop: '', isReading: false },
]

/** Milliseconds in which as many join as there may be: all at once would be another attack. */
export const JOINING = 5_000
const TICK = 100

/** So many, until they are ended. Who is thrown out comes back; who does not read does not notice. */
export function begin({ first, drop, isReading }: Attack, port: number, count: number): () => void {
  const sockets = new Set<Socket>()
  const join = (): void => {
    const socket = connect(port, '127.0.0.1', () => socket.write(first))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    if (isReading) socket.resume()
    sockets.add(socket)
  }
  const joining = setInterval(() => {
    for (let n = 0; n < (count * TICK) / JOINING && sockets.size < count; n++) join()
  }, TICK)
  const dropping = setInterval(() => {
    for (const socket of sockets) if (socket.writable && !socket.connecting) socket.write(drop)
  }, 1_000)
  return () => {
    clearInterval(joining)
    clearInterval(dropping)
    for (const socket of sockets) socket.destroy()
  }
}
