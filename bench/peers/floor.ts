/** The floor: `node:http` and `undici.dispatch`, which checks nothing and changes nothing. */
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { Pool } from 'undici'
import type { Dispatcher } from 'undici'
import { announce, upstreamUrl } from './listen.ts'

const origin = upstreamUrl()
const pool = new Pool(origin, { connections: 256, pipelining: 1, allowH2: false })

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  constructor(response: ServerResponse) {
    this.#response = response
  }
  onRequestStart(): void {}
  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    const { connection: _connection, 'keep-alive': _keepAlive, ...rest } = headers
    this.#response.writeHead(status, rest)
  }
  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }
  onResponseEnd(): void {
    this.#response.end()
  }
  onResponseError(): void {
    this.#response.destroy()
  }
}

announce(
  createServer((request, response) => {
    const { host: _host, connection: _connection, ...headers } = request.headers
    const hasBody = request.method === 'POST'
    pool.dispatch(
      {
        origin,
        path: request.url ?? '/',
        method: request.method ?? 'GET',
        headers,
        body: hasBody ? request : null,
      },
      new Relay(response),
    )
  }),
)
