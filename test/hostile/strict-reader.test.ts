import { describe, expect, test } from 'vitest'
import { request } from './raw-client.ts'
import { readRequests } from './strict-reader.ts'

const read = (text: string) => readRequests(Buffer.from(text, 'latin1'))
const POST = 'POST /a'

describe('the strict reader', () => {
  test('reads what every server reads in the same way', () => {
    const chunked = request(POST, ['Transfer-Encoding: chunked'], '2\r\nhi\r\n0\r\n\r\n')
    const { requests, faults, rest } = read(
      request('GET /a?b=c') + chunked + request(POST, ['Content-Length: 2'], 'hi'),
    )
    expect(faults).toEqual([])
    expect(rest.length).toBe(0)
    expect(requests.map(({ method, target, body }) => [method, target, String(body)])).toEqual([
      ['GET', '/a?b=c', ''],
      ['POST', '/a', 'hi'],
      ['POST', '/a', 'hi'],
    ])
  })

  test.each([
    ['half a head', 'GET /a HTTP/1.1\r\nHost: a\r\n'],
    ['half a body', request(POST, ['Content-Length: 3'], 'hi')],
    ['half a chunk', request(POST, ['Transfer-Encoding: chunked'], '5\r\nhi')],
    ['chunks without the last one', request(POST, ['Transfer-Encoding: chunked'], '2\r\nhi\r\n')],
  ])('waits for the rest of %s', (_name, text) => {
    expect(read(text)).toMatchObject({ requests: [], faults: [] })
  })

  test.each([
    ['a bare LF', 'GET /a HTTP/1.1\nHost: a\n\n'],
    ['a bare CR', request('GET /a', ['x: a\rb'])],
    ['a NUL', request('GET /a', ['x: a\0b'])],
    ['a byte of eight bits', request('GET /a', ['x: \xe9'])],
    ['a folded line', request('GET /a', ['x: a\r\n b'])],
    ['a space before the colon', request('GET /a', ['x : a'])],
    ['a backslash in the target', request('GET /a\\b')],
    ['an absolute target', request('GET http://a/b')],
    ['two hosts', request('GET /a', ['Host: a', 'Host: b'])],
    ['no host', 'GET /a HTTP/1.1\r\nx: y\r\n\r\n'],
    ['length and chunks', request(POST, ['Content-Length: 2', 'Transfer-Encoding: chunked'], 'hi')],
    ['two lengths', request(POST, ['Content-Length: 2', 'Content-Length: 2'], 'hi')],
    ['a signed length', request(POST, ['Content-Length: +2'], 'hi')],
    ['a length with a leading zero', request(POST, ['Content-Length: 02'], 'hi')],
    ['another coding', request(POST, ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n')],
    [
      'a chunk extension',
      request(POST, ['Transfer-Encoding: chunked'], '2;a=b\r\nhi\r\n0\r\n\r\n'),
    ],
    ['a trailer', request(POST, ['Transfer-Encoding: chunked'], '0\r\nx: y\r\n\r\n')],
    ['a body on GET', request('GET /a', ['Content-Length: 2'], 'hi')],
    ['a method nobody sends', request('TRACE /a')],
    ['HTTP/1.0', 'GET /a HTTP/1.0\r\nHost: a\r\n\r\n'],
  ])('finds %s', (_name, text) => {
    expect(read(text).faults.length).toBe(1)
  })
})
