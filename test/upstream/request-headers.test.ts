import { describe, expect, test } from 'vitest'
import { readCallerHeaders, requestHeaders } from '../../src/upstream/request-headers.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOf } from '../support/code-of.ts'
import { fakeUpstream } from '../support/fake-upstream.ts'

const upstream = fakeUpstream()
const credential = [[['x-acme-key', 'ours'] as const], [['x-acme-token', 'ours too'] as const]]

function sent(headers: Record<string, string>): [string, string][] {
  const lines = requestHeaders(arrivalOf({ headers }), upstream, credential, '1.1 gatehouse')
  return pairs(lines)
}

describe('what goes upstream', () => {
  test('without any header of the caller is ours alone', () => {
    expect(sent({})).toEqual([
      ['via', '1.1 gatehouse'],
      ['x-acme-team', 'blue'],
      ['x-acme-key', 'ours'],
      ['x-acme-token', 'ours too'],
    ])
  })

  test.each([
    'accept',
    'accept-encoding',
    'accept-language',
    'content-type',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'range',
    'x-acme-trace',
  ])('includes %s as it came', (name) => {
    expect(sent({ [name]: 'A value; q="1"' })).toContainEqual([name, 'A value; q="1"'])
  })

  test.each([
    'authorization',
    'cookie',
    'origin',
    'referer',
    'host',
    'connection',
    'keep-alive',
    'proxy-authorization',
    'te',
    'trailer',
    'transfer-encoding',
    'content-length',
    'upgrade',
    'expect',
    'via',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-original-url',
    'x-http-method-override',
    'x-apikey',
    'x-apikey-algo',
    'x-leadtoken',
    'x-lead_token',
    'x_leadtoken',
    'x-leaddigest',
    'x-timestamp',
    'x-workspaceid',
    'x-widget-token',
    'x-shop-api-key',
    'x-acme-key',
    'x-acme-token',
    'x_acme_key',
    'x-acme-client',
    'x-gatehouse-customer',
    'sec-fetch-site',
    'user-agent',
    '__proto__',
    'constructor',
  ])('never includes the caller’s %s', (name) => {
    const headers = Object.fromEntries([[name, 'forged']])
    expect(sent(headers).filter(([, value]) => value === 'forged')).toEqual([])
  })

  test('has the credential last, so that nothing takes its place', () => {
    const lines = sent({ accept: 'text/html', 'x-acme-trace': '1', 'x-acme-key': 'forged' })
    expect(lines.slice(-2)).toEqual([
      ['x-acme-key', 'ours'],
      ['x-acme-token', 'ours too'],
    ])
    expect(lines.filter(([name]) => name === 'x-acme-key')).toHaveLength(1)
  })

  test.each(['a\r\nx-injected: 1', 'a\nb', 'a\0b', 'é', '\u007f', 'ÿ'])(
    'is refused where a value would not be plain: %j',
    (value) => {
      expect(codeOf(() => sent({ accept: value }))).toBe('downstream/malformed')
    },
  )
})

describe('a header that the provider understands', () => {
  test.each([
    [{}, 'web'],
    [{ 'x-acme-client': 'app' }, 'app'],
    [{ 'x-acme-client': 'web' }, 'web'],
  ])('is read from %j as %s', (headers, value) => {
    expect(readCallerHeaders(arrivalOf({ headers }), upstream)).toEqual({ 'x-acme-client': value })
  })

  test.each(['', 'WEB', 'desktop', 'web, app', ' web', 'constructor'])(
    'is refused as %j',
    (value) => {
      const arrival = arrivalOf({ headers: { 'x-acme-client': value } })
      expect(codeOf(() => readCallerHeaders(arrival, upstream))).toBe('downstream/malformed')
    },
  )
})

function pairs(lines: readonly string[]): [string, string][] {
  return lines.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, lines[at + 1] ?? '']] : [],
  )
}
