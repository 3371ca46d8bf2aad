import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, request } from './raw-client.ts'
import { plainAnswer } from './recorder.ts'
import { startStand } from './stand.ts'
import type { Stand } from './stand.ts'
import { headerOf } from './strict-reader.ts'
import { tryOn } from './trial.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand()
})
afterAll(() => stand.close())

const GET = 'GET /api/widget/search?q=a'
const POST = 'POST /api/widget/track/click'
const chunked = (body: string, ...headers: string[]) =>
  request(POST, ['Transfer-Encoding: chunked', ...headers], body)
const sized = (length: string, body = 'hi') => request(POST, [`Content-Length:${length}`], body)

describe('a request that two servers could read differently is 400, closes the connection and sends nothing', () => {
  test.each([
    ['length and chunks', chunked('2\r\nhi\r\n0\r\n\r\n', 'Content-Length: 2')],
    ['two lengths', request(POST, ['Content-Length: 2', 'Content-Length: 3'], 'hi')],
    ['the same length twice', request(POST, ['Content-Length: 2', 'Content-Length: 2'], 'hi')],
    ['a list of lengths', sized(' 2, 2')],
    ['a signed length', sized(' +2')],
    ['a negative length', sized(' -2')],
    ['a hexadecimal length', sized(' 0x2')],
    ['a length with a fraction', sized(' 2.0')],
    ['a length with a space in it', sized(' 2 2')],
    ['an empty length', sized(' ')],
    ['a length that no number holds', sized(` ${'9'.repeat(30)}`)],
    ['an unknown coding', request(POST, ['Transfer-Encoding: gzip'], 'hi')],
    ['a coding before chunked', request(POST, ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n')],
    ['chunked twice', request(POST, ['Transfer-Encoding: chunked, chunked'], '0\r\n\r\n')],
    ['two codings', chunked('0\r\n\r\n', 'Transfer-Encoding: identity')],
    ['a coding with a vertical tab', request(POST, ['Transfer-Encoding:\x0bchunked'], '0\r\n\r\n')],
    ['a bare LF after the request line', `${GET} HTTP/1.1\nHost: a\r\n\r\n`],
    ['a bare LF after a header', `${GET} HTTP/1.1\r\nHost: a\nx: y\r\n\r\n`],
    ['only bare LFs', `${GET} HTTP/1.1\nHost: a\n\n`],
    ['a bare CR in a value', request(GET, ['x: a\rb'])],
    ['a NUL in a value', request(GET, ['x: a\0b'])],
    ['a NUL in the target', request('GET /api/widget/search?q=a\0')],
    ['a folded header', request(GET, ['x: a\r\n b'])],
    ['a header without a name', request(GET, [': a'])],
    ['a header without a colon', request(GET, ['abc'])],
    ['a space before the colon', request(GET, ['x : a'])],
    ['a space before the first header', `${GET} HTTP/1.1\r\n Host: a\r\n\r\n`],
    ['a name with a control byte', request(GET, ['x\x01: a'])],
    ['a name with a byte of eight bits', request(GET, ['x\xe9: a'])],
    ['a chunk size that is no number', chunked('zz\r\nhi\r\n0\r\n\r\n')],
    ['a signed chunk size', chunked('+2\r\nhi\r\n0\r\n\r\n')],
    ['a chunk size with 0x', chunked('0x2\r\nhi\r\n0\r\n\r\n')],
    ['a chunk size with a space before it', chunked(' 2\r\nhi\r\n0\r\n\r\n')],
    ['a chunk size that overflows', chunked(`${'f'.repeat(20)}\r\nhi\r\n0\r\n\r\n`)],
    ['a chunk longer than it says', chunked('2\r\nhix\r\n0\r\n\r\n')],
    ['a chunk that ends with a bare LF', chunked('2\r\nhi\n0\r\n\r\n')],
    ['a chunk size that ends with a bare LF', chunked('2\nhi\r\n0\r\n\r\n')],
    ['a chunk extension with a bare LF', chunked('2;\nhi\r\n0\r\n\r\n')],
    ['a chunk extension without an end', chunked('2;a="b\r\nhi\r\n0\r\n\r\n')],
    ['17 KB of chunk extensions', chunked(`2;${'a'.repeat(17_000)}\r\nhi\r\n0\r\n\r\n`)],
    ['a trailer with a space before its colon', chunked('2\r\nhi\r\n0\r\nx : y\r\n\r\n')],
    ['two requests, and then no request', request(GET) + request(GET) + 'no request\r\n\r\n'],
    ['a body, and then no request', request(POST, ['Content-Length: 2'], 'hiX\r\n\r\n')],
    ['a request after the last one', request(GET, ['Connection: close']) + request(GET)],
    ['a body on GET', request(GET, ['Content-Length: 2'], 'hi')],
    ['a chunked body on GET', request(GET, ['Transfer-Encoding: chunked'], '2\r\nhi\r\n0\r\n\r\n')],
    [
      'a body on DELETE',
      request('DELETE /api/plugin/shops/shop_abc/verify', ['Content-Length: 2'], 'hi'),
    ],
    ['HTTP/0.9', 'GET /api/widget/search?q=a\r\n\r\n'],
    ['HTTP/0.9 by name', `${GET} HTTP/0.9\r\nHost: a\r\n\r\n`],
    ['HTTP/1.2', `${GET} HTTP/1.2\r\nHost: a\r\n\r\n`],
    ['HTTP/2.0', `${GET} HTTP/2.0\r\nHost: a\r\n\r\n`],
    ['lower-case http', `${GET} http/1.1\r\nHost: a\r\n\r\n`],
    [
      'HTTP/1.0 with chunks',
      `${POST} HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['CONNECT', request('CONNECT platform.nector.io:443')],
    ['OPTIONS *', request('OPTIONS *')],
    ['an unknown method', request('FOO /api/widget/search')],
    ['a method in lower case', request('get /api/widget/search')],
    ['no Host', `${GET} HTTP/1.1\r\n\r\n`],
    ['two Hosts', request(GET, ['Host: a', 'Host: b'])],
    ['no Host on a health check', 'GET /livez HTTP/1.1\r\n\r\n'],
    ['two Hosts on a health check', request('GET /livez', ['Host: a', 'Host: b'])],
    ['a body on a health check', request('GET /readyz', ['Content-Length: 2'], 'hi')],
  ])('%s', async (_name, bytes) => {
    const { status, code, isClosed, sent, answers } = await tryOn(stand, bytes)
    expect({ status, code, isClosed, sent, answers: answers.length }).toEqual({
      status: 400,
      code: 'downstream/malformed',
      isClosed: true,
      sent: [],
      answers: 1,
    })
    expect(stand.recorder.bytes().length).toBe(0)
  })

  test('a refusal has a request id, and its line in the log has the same', async () => {
    const { answers } = await tryOn(stand, `${GET} HTTP/1.1\nHost: a\n\n`)
    const id = answers[0]?.headers['x-request-id'] ?? ''
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(answers[0]?.body).toContain(id)
    expect(stand.rig.log()).toContain(id)
  })

  test('a body on HEAD is 400 as well, without a body of its own', async () => {
    const bytes = request('HEAD /api/widget/search?q=a', ['Content-Length: 2'], 'hi')
    const { status, isClosed, sent } = await tryOn(stand, bytes, { isHead: true })
    expect({ status, isClosed, sent }).toEqual({ status: 400, isClosed: true, sent: [] })
  })

  test('TRACE is 405 and sends nothing', async () => {
    const { status, sent } = await tryOn(stand, request('TRACE /api/widget/search'))
    expect({ status, sent }).toEqual({ status: 405, sent: [] })
  })
})

describe('the gateway frames what it sends itself', () => {
  test('a chunked body goes out with its length, and neither extensions nor trailers', async () => {
    const body =
      '2;name=value\r\nhi\r\n3;q="a;b"\r\n you\r\n0\r\nx-leadtoken: forged\r\n\r\n'.replace(
        '3;',
        '4;',
      )
    const { status, sent, wrongs } = await tryOn(stand, chunked(body, 'Trailer: x-leadtoken'))
    expect({ status, wrongs }).toEqual({ status: 200, wrongs: [] })
    expect(
      sent.map((request) => [request.body.toString(), headerOf(request, 'content-length')]),
    ).toEqual([['hi you', '6']])
    expect(stand.recorder.bytes().toString('latin1')).not.toMatch(/trailer|forged|name=value/i)
  })

  test('an offer to upgrade is not passed on', async () => {
    const offer = [
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABk',
    ]
    const { status, wrongs } = await tryOn(stand, request(GET, offer))
    expect({ status, wrongs }).toEqual({ status: 200, wrongs: [] })
    expect(stand.recorder.bytes().toString('latin1')).not.toMatch(/upgrade|http2/i)
  })

  test('HTTP/1.0 without a body is served', async () => {
    const { status, wrongs, isClosed } = await tryOn(stand, `${GET} HTTP/1.0\r\nHost: a\r\n\r\n`)
    expect({ status, wrongs, isClosed }).toEqual({ status: 200, wrongs: [], isClosed: true })
  })

  test('a second request on a connection is served, also when both came together', async () => {
    const { answers, wrongs, sent } = await tryOn(stand, request(GET) + request(GET), {
      isEnough: (count) => count === 2,
    })
    expect({ statuses: answers.map(({ status }) => status), wrongs }).toEqual({
      statuses: [200, 200],
      wrongs: [],
    })
    expect(sent.length).toBe(2)
  })

  test('when nonsense follows a call that is under way, the call is answered and nothing else', async () => {
    let underWay = (): void => undefined
    const isUnderWay = new Promise<void>((resolve) => (underWay = resolve))
    const busy = await startStand({
      answer(recorded, socket) {
        underWay()
        setTimeout(() => socket.write(plainAnswer(recorded)), 300)
        return null
      },
    })
    try {
      const { answers, isClosed } = await ask(
        busy.url,
        [request(GET), isUnderWay.then(() => 'nonsense\r\n\r\n')],
        { isEnough: () => false },
      )
      expect({ statuses: answers.map(({ status }) => status), isClosed }).toEqual({
        statuses: [200],
        isClosed: true,
      })
    } finally {
      await busy.close()
    }
  })
})

describe('a body is not sent before its framing is known', () => {
  test('a small one that breaks in the middle sends nothing', async () => {
    const pieces = [chunked('2\r\nhi\r\n'), 'zz\r\n\r\n']
    const { status, isClosed, sent } = await tryOn(stand, pieces)
    expect({ status, isClosed, sent }).toEqual({ status: 400, isClosed: true, sent: [] })
    expect(stand.recorder.bytes().length).toBe(0)
  })

  test('one that ends early sends nothing', async () => {
    const { sent } = await tryOn(stand, sized(' 10'), { patience: 50 })
    expect(sent).toEqual([])
    expect(stand.recorder.bytes().length).toBe(0)
  })

  test('a large one that breaks while it is passed on never becomes a request', async () => {
    const chunk = `10000\r\n${'a'.repeat(0x1_00_00)}\r\n`
    const pieces = [chunked(chunk.repeat(6)), chunk, 'zz\r\n\r\n']
    const { isClosed, sent, wrongs } = await tryOn(stand, pieces)
    expect({ isClosed, sent, wrongs }).toEqual({ isClosed: true, sent: [], wrongs: [] })
  })
})

describe('Expect', () => {
  test('100-continue is answered here and not passed on', async () => {
    const { status, text, sent, wrongs } = await tryOn(
      stand,
      request(POST, ['Expect: 100-continue', 'Content-Length: 2'], 'hi'),
    )
    expect({ status, wrongs }).toEqual({ status: 200, wrongs: [] })
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n/)
    expect(sent.map((request) => headerOf(request, 'expect'))).toEqual([null])
  })

  test.each(['200-ok', '100-continue, more', 'x'])('%s is 417', async (value) => {
    const { status, code, sent, isClosed } = await tryOn(
      stand,
      request(POST, [`Expect: ${value}`, 'Content-Length: 2'], 'hi'),
    )
    expect({ status, code, sent, isClosed }).toEqual({
      status: 417,
      code: 'downstream/expectation-failed',
      sent: [],
      isClosed: true,
    })
  })
})
