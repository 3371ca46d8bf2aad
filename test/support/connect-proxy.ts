import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Opens every tunnel, or answers with a status, or not at all, or opens one that leads nowhere. */
export type ProxyManner = 'opens' | 'silent' | 'nowhere' | 407 | 403

/** What somebody asked a proxy for. */
export interface AskedProxy {
  /** `CONNECT host:port`. */
  readonly what: string
  /** Lower-case names with values. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface ConnectProxy {
  readonly url: string
  manner: ProxyManner
  readonly asked: readonly AskedProxy[]
  /** What was sent to it where it opened no tunnel. */
  readonly strays: () => string
  close(): Promise<void>
}

/** A forward proxy on a real socket that remembers what it was asked. @param tls for one on https */
export async function startConnectProxy(tls?: ServerOptions): Promise<ConnectProxy> {
  const asked: AskedProxy[] = []
  const strays: Buffer[] = []
  const open = new Set<Duplex>()
  const keep = (socket: Duplex) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy())
  }
  const refuse: RequestListener = (request, response) => {
    asked.push({ what: `${request.method} ${request.url}`, headers: request.headers })
    response.writeHead(400).end()
  }
  const server = tls === undefined ? createServer(refuse) : createHttpsServer(tls, refuse)
  server.on('connection', keep)
  server.on('connect', (request, socket, head) => {
    asked.push({ what: `CONNECT ${request.url}`, headers: request.headers })
    const { manner } = proxy
    if (manner === 'opens') return tunnel(request.url ?? '', socket, keep)
    if (manner === 'nowhere') {
      socket.write(OPENED)
      socket.resume()
      return
    }
    if (manner !== 'silent') socket.write(`HTTP/1.1 ${manner} No\r\ncontent-length: 0\r\n\r\n`)
    strays.push(head)
    socket.on('data', (chunk: Buffer) => strays.push(chunk))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const proxy: ConnectProxy = {
    url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    manner: 'opens',
    asked,
    strays: () => Buffer.concat(strays).toString('latin1'),
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy()
        server.close(() => resolve())
      }),
  }
  return proxy
}

const OPENED = 'HTTP/1.1 200 Connection Established\r\n\r\n'

function tunnel(target: string, near: Duplex, keep: (socket: Socket) => void): void {
  const { hostname, port } = new URL(`http://${target}`)
  const far = connect(Number(port), hostname)
  keep(far)
  far.on('connect', () => {
    near.write(OPENED)
    near.pipe(far).pipe(near)
  })
  far.on('close', () => near.destroy())
  near.on('close', () => far.destroy())
}
