import type { IncomingHttpHeaders } from 'node:http'
import { describe, expect, test } from 'vitest'
import { responseHeaders } from '../../src/upstream/response-headers.ts'
import type { AnswerContext } from '../../src/upstream/response-headers.ts'
import { codeOf } from '../support/code-of.ts'
import { fakeUpstream } from '../support/fake-upstream.ts'

const context: AnswerContext = {
  upstream: fakeUpstream(),
  requestId: 'request-1',
  cors: [
    ['vary', 'Origin'],
    ['access-control-allow-origin', 'https://www.acme.example'],
  ],
  via: '1.1 gatehouse',
  isPrivate: false,
}

function read(headers: IncomingHttpHeaders, changed: Partial<AnswerContext> = {}) {
  const lines = responseHeaders(headers, { ...context, ...changed })
  const names = lines.filter((_line, at) => at % 2 === 0)
  expect(new Set(names).size, 'no header twice').toBe(names.length)
  return Object.fromEntries(names.map((name, at) => [name, lines[at * 2 + 1] ?? '']))
}

describe('what comes back', () => {
  test('always has our id, Via, CORS and no sniffing', () => {
    expect(read({})).toEqual({
      'x-request-id': 'request-1',
      via: '1.1 gatehouse',
      vary: 'Origin',
      'access-control-allow-origin': 'https://www.acme.example',
      'x-content-type-options': 'nosniff',
    })
  })

  test.each([
    'accept-ranges',
    'age',
    'content-disposition',
    'content-encoding',
    'content-language',
    'content-length',
    'content-range',
    'content-type',
    'etag',
    'expires',
    'last-modified',
    'retry-after',
  ])('includes %s as it came', (name) => {
    expect(read({ [name]: 'As-It Came' })[name]).toBe('As-It Came')
  })

  test.each([
    ['set-cookie', ['sid=1']],
    ['server', 'nginx'],
    ['x-powered-by', 'PHP'],
    ['www-authenticate', 'Basic'],
    ['proxy-authenticate', 'Basic'],
    ['clear-site-data', '"*"'],
    ['strict-transport-security', 'max-age=1'],
    ['access-control-allow-headers', '*'],
    ['x-leadtoken', 'eyJ'],
    ['x-widget-token', 'abc'],
    ['x-apikey', 'ak'],
    ['connection', 'close'],
    ['keep-alive', 'timeout=5'],
    ['transfer-encoding', 'chunked'],
    ['trailer', 'x'],
    ['upgrade', 'h2c'],
    ['alt-svc', 'h3'],
    ['link', '<x>'],
    ['refresh', '0;url=https://evil.com'],
  ])('never includes %s', (name, value) => {
    expect(read({ [name]: value })).not.toHaveProperty(name)
  })

  test('keeps our own answer to what the upstream also says', () => {
    const headers = {
      'x-request-id': 'theirs',
      via: '1.0 theirs',
      'access-control-allow-origin': '*',
      'x-content-type-options': 'theirs',
    }
    expect(read(headers)).toEqual(read({}))
  })

  test('names what the answer varies by, theirs and ours', () => {
    expect(read({ vary: 'Accept-Language' })['vary']).toBe('Origin, Accept-Language')
  })
})

describe('caching', () => {
  test('is the upstream’s business for what concerns nobody', () => {
    expect(read({ 'cache-control': 'public, max-age=60' })['cache-control']).toBe(
      'public, max-age=60',
    )
    expect(read({})).not.toHaveProperty('cache-control')
  })

  test.each([undefined, 'public, max-age=60', 's-maxage=600', 'immutable'])(
    'is private and none at all for what concerns somebody, whatever the upstream says: %s',
    (value) => {
      const headers = value === undefined ? {} : { 'cache-control': value }
      expect(read(headers, { isPrivate: true })['cache-control']).toBe('private, no-store')
    },
  )

  test('of what concerns somebody is not brought back by Expires', () => {
    const headers = { expires: 'Wed, 21 Oct 2099 07:28:00 GMT' }
    expect(read(headers, { isPrivate: true })['cache-control']).toBe('private, no-store')
  })
})

describe('a redirect', () => {
  test.each([
    ['/v1/elsewhere?x=1', '/acmeapi/v1/elsewhere?x=1'],
    ['https://api.acmeapi.example/v1/a', '/acmeapi/v1/a'],
  ])('within the upstream stays within the gateway: %s', (location, ours) => {
    expect(read({ location })['location']).toBe(ours)
  })

  test.each([
    'https://evil.com/',
    '//evil.com/',
    'http://api.acmeapi.example/v1/a',
    'https://api.acmeapi.example:8443/',
    'https://api.acmeapi.example.evil.com/',
    'https://api.acmeapi.example@evil.com/',
    'javascript:alert(1)',
    '\\\\evil.com',
    'http://[',
  ])('to elsewhere is a bad answer: %s', (location) => {
    expect(codeOf(() => read({ location }))).toBe('upstream/bad-response')
  })
})

describe('a header that may be there once', () => {
  test('is a bad answer when it is there twice', () => {
    const headers = { 'content-type': ['text/html', 'application/json'] } as unknown
    expect(codeOf(() => read(headers as IncomingHttpHeaders))).toBe('upstream/bad-response')
  })
})
