import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, request } from './raw-client.ts'
import type { Exchange } from './raw-client.ts'
import { startStand } from './stand.ts'
import type { Stand } from './stand.ts'

const CANARY = 'upstream-text-7d21'
const OK = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n`
const SIZED = 'content-length: 2\r\n\r\n{}'
const GET = request('GET /api/widget/search?q=a')

let stand: Stand
/** The bytes that answer the next calls, and whether the upstream closes after them. */
let next: { bytes: string; isClosing: boolean }
/** The connection over which the last answer went. */
let used: Socket

// One for each test: what an upstream has done wrong is remembered against it.
beforeEach(async () => {
  stand = await startStand({
    answer(_request, socket: Socket) {
      used = socket
      socket.write(Buffer.from(next.bytes, 'latin1'))
      if (next.isClosing) socket.end()
      return null
    },
  })
})
afterEach(() => stand.close())

async function answeredWith(bytes: string, isClosing = false): Promise<Exchange> {
  next = { bytes, isClosing }
  stand.recorder.forget()
  return ask(stand.url, GET, { patience: 8_000, quiet: 40 })
}

const fields = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `${line(index)}\r\n`).join('')

describe('a hostile answer becomes a 502 problem, its connection is destroyed and nothing of it is repeated', () => {
  test.each([
    ['length and chunks', `${OK}x: ${CANARY}\r\ntransfer-encoding: chunked\r\n${SIZED}`],
    ['two lengths', `${OK}x: ${CANARY}\r\ncontent-length: 3\r\n${SIZED}`],
    ['the same length twice', `${OK}x: ${CANARY}\r\ncontent-length: 2\r\n${SIZED}`],
    ['a list of lengths', `${OK}x: ${CANARY}\r\ncontent-length: 2, 2\r\n\r\n{}`],
    ['a signed length', `${OK}x: ${CANARY}\r\ncontent-length: +2\r\n\r\n{}`],
    [
      'a coding that was not asked for',
      `${OK}x: ${CANARY}\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'chunked twice',
      `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'a chunk size that is no number',
      `${OK}x: ${CANARY}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n`,
    ],
    ['only bare LFs', `HTTP/1.1 200 ${CANARY}\ncontent-length: 2\n\n{}`],
    ['a bare LF', `${OK}x: y\nz: ${CANARY}\r\n${SIZED}`],
    ['a bare CR', `${OK}x: y\rz: ${CANARY}\r\n${SIZED}`],
    ['a NUL in a header', `${OK}x: ${CANARY}\0\r\n${SIZED}`],
    ['a NUL in a header that is passed on', `${OK}etag: "${CANARY}\0"\r\n${SIZED}`],
    ['a folded header', `${OK}x: y\r\n ${CANARY}\r\n${SIZED}`],
    ['a space before the colon', `${OK}x : ${CANARY}\r\n${SIZED}`],
    ['20 000 headers', `${OK}${fields(20_000, (index) => `x${index}: ${CANARY}`)}${SIZED}`],
    ['3 000 short headers', `${OK}${fields(3_000, () => 'a: b')}${SIZED}`],
    ['a header of 70 KB', `${OK}x: ${CANARY.repeat(4_000)}\r\n${SIZED}`],
    ['status 999', `HTTP/1.1 999 ${CANARY}\r\n${SIZED}`],
    ['status 600', `HTTP/1.1 600 ${CANARY}\r\n${SIZED}`],
    ['status 099', `HTTP/1.1 099 ${CANARY}\r\n${SIZED}`],
    ['status 000', `HTTP/1.1 000 ${CANARY}\r\n${SIZED}`],
    ['status 20', `HTTP/1.1 20 ${CANARY}\r\n${SIZED}`],
    ['a body where a status line should be', `{"message":"${CANARY}"}`],
    ['another protocol', `SSH-2.0-OpenSSH_9.2 ${CANARY}\r\n`],
    [
      '101 to an offer nobody made',
      `HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n${CANARY}`,
    ],
    ['101 without a protocol', `HTTP/1.1 101 X\r\n\r\n${CANARY}`],
    [
      '100 to an expectation nobody had',
      `HTTP/1.1 100 Continue\r\n\r\n${OK}x: ${CANARY}\r\n${SIZED}`,
    ],
    ['two media types', `${OK}content-type: text/html\r\nx: ${CANARY}\r\n${SIZED}`],
    [
      'two locations',
      `HTTP/1.1 302 X\r\nlocation: /${CANARY}\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n`,
    ],
    [
      'a redirect to elsewhere',
      `HTTP/1.1 302 X\r\nlocation: https://evil.example/${CANARY}\r\ncontent-length: 0\r\n\r\n`,
    ],
    [
      'a redirect to elsewhere without a scheme',
      `HTTP/1.1 302 X\r\nlocation: //evil.example/${CANARY}\r\ncontent-length: 0\r\n\r\n`,
    ],
    [
      'a redirect with a backslash',
      `HTTP/1.1 302 X\r\nlocation: /\\evil.example/${CANARY}\r\ncontent-length: 0\r\n\r\n`,
    ],
    [
      'a redirect to a script',
      `HTTP/1.1 302 X\r\nlocation: javascript:${CANARY}\r\ncontent-length: 0\r\n\r\n`,
    ],
  ])('%s', async (_name, bytes) => {
    const { answers, text } = await answeredWith(bytes)
    expect(answers.map(({ status, headers }) => [status, headers['content-type']])).toEqual([
      [502, 'application/problem+json'],
    ])
    expect(JSON.parse(answers[0]?.body ?? '').code).toBe('upstream/bad-response')
    // It was reached, and has answered: nothing is tried a second time.
    expect(stand.recorder.requests.length).toBe(1)
    expect(text).not.toContain(CANARY)
    expect(stand.rig.log()).not.toContain(CANARY)
    await expect.poll(() => used.destroyed, { timeout: 5_000 }).toBe(true)

    // And the next call is a call like any other.
    const after = await answeredWith(`${OK}${SIZED}`)
    expect(after.answers.map(({ status }) => status)).toEqual([200])
  })
})

describe('an answer that breaks off is a broken answer, never a short one', () => {
  test.each([
    ['its length is not reached', `${OK}content-length: 20\r\n\r\n{}`, true],
    ['its last chunk is missing', `${OK}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n`, true],
    [
      'a later chunk is nonsense',
      `${OK}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n`,
      false,
    ],
  ])('%s', async (_name, bytes, isClosing) => {
    const { text, isClosed } = await answeredWith(bytes, isClosing)
    expect(isClosed).toBe(true)
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    const isWhole = /content-length: 2\r\n/i.test(text) || text.endsWith('0\r\n\r\n')
    expect(isWhole).toBe(false)
  })
})

describe('of an answer’s headers the caller gets those that are listed', () => {
  test('and neither cookies, nor credentials, nor what speaks for another server', async () => {
    const lines = [
      'set-cookie: sid=1',
      'set-cookie: b=2',
      'server: nginx/1.2.3',
      'x-powered-by: x',
      'via: 1.1 inner',

      'access-control-allow-origin: *',
      'access-control-allow-credentials: true',
      'clear-site-data: "*"',

      'www-authenticate: Basic realm=x',
      'x-leadtoken: t',
      'x-widget-token: t',
      'x-apikey: k',
      'authorization: b',

      'alt-svc: h3=":443"',
      'refresh: 0; url=https://evil.example',
      'link: </x>; rel=preload',
      'x-internal: 10.0.0.7',

      'strict-transport-security: max-age=0',
      'public-key-pins: x',
      'content-security-policy: x',
      'nel: x',

      'proxy-authenticate: Basic',
      'keep-alive: timeout=99',
      'upgrade: h2c',
      'trailer: x',
      'date: Thu, 01 Jan 1970 00:00:00 GMT',
      'etag: "e"',
      'content-language: de',
      'last-modified: Thu, 01 Jan 2026 00:00:00 GMT',
    ]
    const { answers } = await answeredWith(
      `${OK}${lines.map((line) => `${line}\r\n`).join('')}${SIZED}`,
    )
    const { 'x-request-id': _id, via, date, ...headers } = answers[0]?.headers ?? {}
    expect(headers).toEqual({
      'content-type': 'application/json',
      'content-length': '2',
      'content-language': 'de',
      etag: '"e"',
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      vary: 'Origin',
      'x-content-type-options': 'nosniff',
      connection: 'keep-alive',
      'keep-alive': expect.stringMatching(/^timeout=\d+$/),
    })
    expect(via).toMatch(/^1\.1 gatehouse-[0-9a-f]{8}$/)
    expect(date).not.toContain('1970')
  })

  test('without those that its Connection header keeps for the first hop', async () => {
    const { answers } = await answeredWith(
      `${OK}connection: keep-alive, ETag\r\netag: "e"\r\ncontent-language: de\r\n${SIZED}`,
    )
    expect(answers[0]?.headers).toMatchObject({ 'content-language': 'de' })
    expect(answers[0]?.headers).not.toHaveProperty('etag')
  })

  test('a redirect within the upstream becomes one within the gateway, and is not followed', async () => {
    const { answers } = await answeredWith(
      'HTTP/1.1 302 X\r\nlocation: /api/widget/suggest?q=a\r\ncontent-length: 0\r\n\r\n',
    )
    expect(answers.map(({ status, headers }) => [status, headers['location']])).toEqual([
      [302, '/neuroon/api/widget/suggest?q=a'],
    ])
    expect(stand.recorder.requests.length).toBe(1)
  })

  test('204 and 304 carry no body, and 204 no length', async () => {
    const none = await answeredWith('HTTP/1.1 204 X\r\ncontent-length: 0\r\n\r\n')
    expect(none.answers.map(({ status, headers }) => [status, headers['content-length']])).toEqual([
      [204, undefined],
    ])
    const same = await answeredWith('HTTP/1.1 304 X\r\netag: "e"\r\n\r\n')
    expect(
      same.answers.map(({ status, headers, body }) => [status, headers['etag'], body]),
    ).toEqual([[304, '"e"', '']])
  })

  test('hints that come before an answer are not passed on', async () => {
    const hint = 'HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n'
    const { text, answers } = await answeredWith(`${hint}${hint}${OK}${SIZED}`)
    expect(answers.map(({ status }) => status)).toEqual([200])
    expect(text).not.toMatch(/103|preload/)
  })
})
