import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keys, ORIGIN } from '../support/rig.ts'
import { ask, request } from './raw-client.ts'
import type { Recorded } from './recorder.ts'
import { plainAnswer } from './recorder.ts'
import { startStand } from './stand.ts'
import type { Stand } from './stand.ts'
import { headerOf } from './strict-reader.ts'
import { tryOn } from './trial.ts'

let stand: Stand
let answer: (request: Recorded) => string | Buffer | null = plainAnswer
beforeAll(async () => {
  stand = await startStand({ answer: (request) => answer(request) })
})
afterAll(() => stand.close())

const POST = 'POST /api/widget/track/click'

describe('what HTTP offers keeps working', () => {
  test('HEAD is answered with the headers of GET and no body', async () => {
    answer = plainAnswer
    const { sent, status, text, wrongs } = await tryOn(
      stand,
      request('HEAD /api/widget/search?q=a'),
      { isHead: true },
    )
    expect({ status, wrongs, methods: sent.map(({ method }) => method) }).toEqual({
      status: 200,
      wrongs: [],
      methods: ['HEAD'],
    })
    expect(text).toMatch(/content-length: \d+/i)
    expect(text.endsWith('\r\n\r\n')).toBe(true)
  })

  test.each([
    ['accept', 'text/html, application/json;q=0.9'],
    ['accept-language', 'de-CH, de;q=0.9, en;q=0.1'],
    ['accept-encoding', 'br, gzip'],
    ['if-none-match', '"a", W/"b"'],
    ['if-match', '*'],
    ['if-modified-since', 'Thu, 01 Jan 2026 00:00:00 GMT'],
    ['if-unmodified-since', 'Thu, 01 Jan 2026 00:00:00 GMT'],
    ['range', 'bytes=0-99, 200-'],
    ['if-range', '"a"'],
  ])('%s goes upstream as it came', async (name, value) => {
    answer = plainAnswer
    const { sent } = await tryOn(
      stand,
      request('GET /api/widget/search?q=a', [`${name}: ${value}`]),
    )
    expect(sent.map((one) => headerOf(one, name))).toEqual([value])
  })

  test('a part of something comes back as a part', async () => {
    answer = () =>
      'HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-1/10\r\naccept-ranges: bytes\r\ncontent-length: 2\r\n\r\nab'
    const { answers } = await tryOn(
      stand,
      request('GET /api/widget/search?q=a', ['Range: bytes=0-1']),
    )
    expect(answers[0]).toMatchObject({
      status: 206,
      headers: { 'content-range': 'bytes 0-1/10', 'accept-ranges': 'bytes' },
      body: 'ab',
    })
  })

  test('events arrive one by one while the stream is open', async () => {
    const streaming = await startStand({
      answer(_request, socket) {
        socket.write(
          'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n',
        )
        setTimeout(() => socket.write('9\r\ndata: 1\n\n\r\n'), 50)
        setTimeout(() => socket.end('9\r\ndata: 2\n\n\r\n0\r\n\r\n'), 400)
        return null
      },
    })
    try {
      const response = await fetch(`${streaming.url}/api/widget/search?q=a`)
      const received: string[] = []
      for await (const chunk of response.body ?? []) received.push(Buffer.from(chunk).toString())
      expect(received).toEqual(['data: 1\n\n', 'data: 2\n\n'])
    } finally {
      await streaming.close()
    }
  })
})

describe('a body', () => {
  test('goes upstream byte for byte, large numbers, spaces and all', async () => {
    answer = plainAnswer
    const body = '{ "price" : 12345678901234567890.10, "a":1,"a":2 , "ä":"\\u00e4"}\n'
    const { sent } = await tryOn(
      stand,
      Buffer.concat([
        Buffer.from(
          request('POST /api/widget/search', [
            'Content-Type: application/json',
            `Content-Length: ${Buffer.byteLength(body)}`,
          ]),
        ),
        Buffer.from(body),
      ]),
    )
    expect(sent.map((one) => one.body.toString())).toEqual([body])
  })

  test('of five megabytes goes upstream unchanged, and an answer comes back as it was', async () => {
    const image = Buffer.alloc(5 * 1024 * 1024, 'image bytes that repeat')
    answer = () =>
      Buffer.concat([
        Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${image.length}\r\n\r\n`),
        image,
      ])
    stand.recorder.forget()
    const response = await fetch(`${stand.url}/api/widget/search/visual`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: image,
    })
    const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
    expect(sha(Buffer.from(await response.arrayBuffer()))).toBe(sha(image))
    expect(stand.recorder.requests.map((one) => sha(one.body))).toEqual([sha(image)])
  })

  test('that is compressed passes as it is: ten megabytes of zeros stay ten kilobytes', async () => {
    answer = plainAnswer
    const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024))
    const head = request(POST, ['Content-Encoding: gzip', `Content-Length: ${bomb.length}`])
    const { sent, status } = await tryOn(stand, Buffer.concat([Buffer.from(head), bomb]))
    expect({ status, bytes: sent.map((one) => one.body.length) }).toEqual({
      status: 200,
      bytes: [bomb.length],
    })
  })

  test('of an answer that is compressed passes as it is', async () => {
    const bytes = gzipSync('{"hello":"world"}')
    answer = () =>
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bytes.length}\r\n\r\n`,
        ),
        bytes,
      ])
    const { text } = await ask(stand.url, request('GET /api/widget/search?q=a'))
    expect(text.endsWith(bytes.toString('latin1'))).toBe(true)
  })

  test.each([
    ['one that says so', request(POST, ['Content-Length: 1048577'], 'a')],
    ['one that claims a terabyte', request(POST, ['Content-Length: 1099511627776'], 'a')],
    [
      'a chunk that claims four gigabytes',
      request(POST, ['Transfer-Encoding: chunked'], `ffffffff\r\n${'a'.repeat(1_100_000)}`),
    ],
    [
      'one that is counted while it comes',
      request(
        POST,
        ['Transfer-Encoding: chunked'],
        `10000\r\n${'a'.repeat(0x1_00_00)}\r\n`.repeat(17),
      ),
    ],
  ])('that is too large is 413: %s', async (_name, bytes) => {
    answer = plainAnswer
    const { status, code, sent, isClosed } = await tryOn(stand, bytes)
    expect({ status, code, sent, isClosed }).toEqual({
      status: 413,
      code: 'downstream/body-too-large',
      sent: [],
      isClosed: true,
    })
  })

  test('that is too large for the listener is 413, whatever the route would take', async () => {
    const small = await startStand({
      configure: (yaml) => yaml.replace('port: 0 }', 'port: 0, limits: { bodyBytes: 16384 } }'),
    })
    try {
      const { status } = await tryOn(small, request(POST, ['Content-Length: 16385'], 'a'))
      expect(status).toBe(413)
    } finally {
      await small.close()
    }
  })

  test('with another type than the route takes is 415', async () => {
    const bytes = request(
      'POST /api/widget/search',
      ['Content-Type: text/plain', 'Content-Length: 2'],
      '{}',
    )
    const { status, code, sent } = await tryOn(stand, bytes)
    expect({ status, code, sent }).toEqual({
      status: 415,
      code: 'downstream/unsupported-media-type',
      sent: [],
    })
  })
})

describe('an answer that belongs to somebody', () => {
  test.each(['public, max-age=3600', 'max-age=3600', 's-maxage=60', ''])(
    'is private and not stored, though the upstream said "%s"',
    async (said) => {
      answer = ({ number }) =>
        `HTTP/1.1 200 OK\r\n${said === '' ? '' : `cache-control: ${said}\r\n`}etag: "${number}"\r\ncontent-length: 2\r\n\r\n{}`
      const line = 'GET /neuroon/api/plugin/shops/me'
      const { answers } = await tryOn(
        stand,
        request(line, [`Authorization: Bearer ${keys.plugin}`]),
      )
      expect(answers.map(({ headers }) => headers['cache-control'])).toEqual(['private, no-store'])
    },
  )

  test('and one for everybody keeps what the upstream said', async () => {
    answer = () =>
      'HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\nvary: Accept-Language\r\ncontent-length: 2\r\n\r\n{}'
    const { answers } = await tryOn(
      stand,
      request('GET /api/widget/search?q=a', [`Origin: ${ORIGIN}`]),
    )
    expect(answers[0]?.headers).toMatchObject({
      'cache-control': 'max-age=60',
      vary: 'Origin, Accept-Language',
    })
  })
})
