/**
 * What a gateway emits in a test is scanned for secrets, in every test: here is shown that all
 * bytes are seen, and that no test starts a gateway in a way that nobody watches.
 */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { startsUnwatched } from './support/architecture-rules.ts'
import { watchEmissions } from './support/emissions.ts'
import type { Emissions } from './support/emissions.ts'
import { readSource, readSources } from './support/source-files.ts'

describe('every byte is seen', () => {
  let server: Server
  let emissions: Emissions
  afterEach(() => {
    emissions.stop()
    server.closeAllConnections()
    server.close()
  })

  /** What a caller received for its bytes, and what was seen meanwhile, by place. */
  async function exchange(bytes: string): Promise<{ received: string; seen: string[][] }> {
    emissions = watchEmissions()
    server = createServer((request, response) => {
      request.resume()
      if (request.url === '/cut') {
        response.writeHead(200, { 'content-length': 1000 })
        response.write('only this')
        setTimeout(() => request.socket.destroy(), 20)
        return
      }
      if (request.url === '/chunks') response.write('a piece, ')
      if (request.url === '/hints') response.writeEarlyHints({ link: '</a>; rel=preload' })
      response.end(`the answer to ${request.url}`)
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    emissions.only([`http://127.0.0.1:${port}`])
    const received: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    await new Promise<void>((resolve) => void socket.on('close', () => resolve()))
    const seen = emissions.all().map(({ place, text }) => [place, text.toString()])
    return { received: Buffer.concat(received).toString(), seen }
  }

  const get = (path: string, method = 'GET', more = '') =>
    `${method} ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
  const last = 'Connection: close\r\n'

  test.each([
    ['an answer', get('/a', 'GET', last), ['GET /a']],
    ['one in chunks', get('/chunks', 'GET', last), ['GET /chunks']],
    ['HEAD', get('/a', 'HEAD', last), ['HEAD /a']],
    ['several on a connection', get('/a?b') + get('/c', 'GET', last), ['GET /a', 'GET /c']],
    ['hints before it', get('/hints', 'GET', last), ['GET /hints']],
    [
      '100 Continue',
      get('/a', 'POST', `${last}Content-Length: 2\r\nExpect: 100-continue\r\n`) + 'hi',
      ['POST /a'],
    ],
    ['one that is cut off', get('/cut'), ['GET /cut']],
    ['what is refused before it is a call', 'nonsense\r\n\r\n', [null]],
  ])('%s', async (_what, bytes, places) => {
    const { received, seen } = await exchange(bytes)
    expect(received).not.toBe('')
    expect(seen.map(([, text]) => text).join('')).toBe(received)
    expect(seen.map(([place]) => place)).toEqual(
      places.map((place) => `the answer to ${place ?? 'what is no call'}`),
    )
  })
})

describe('no test starts a gateway that nobody watches', () => {
  test('in the project', () => {
    expect(startsUnwatched(readSources('test/**/*.ts'))).toEqual([])
  })

  test.each([
    ['a process of its own', "import { startProcess } from '../src/process.ts'"],
    ['one at run time', "await import('../src/process.ts')"],
    ['a sandbox', "import { startSandbox } from '../sandbox/start.ts'"],
    ['the command', "import '../src/main.ts'"],
    ['the command that starts it', "import { addStart } from '../src/cli/start.ts'"],
    ['the file that is run', "spawn('node', ['bin/gatehouse.js', 'start'])"],
    ['the same, put together', "spawn('node', [join('bin', 'gatehouse.js')])"],
    ['the script', "spawn('npm', ['run', 'gatehouse', 'start'])"],
  ])('%s would be seen', (_what, text) => {
    expect(startsUnwatched([readSource('test/a.test.ts', text)])).not.toEqual([])
  })

  test.each([
    ['the rig', "import { startRig } from './support/rig.ts'"],
    ['a type', "import type { Sandbox } from '../sandbox/start.ts'"],
  ])('%s is fine', (_what, text) => {
    expect(startsUnwatched([readSource('test/a.test.ts', text)])).toEqual([])
  })
})
