import { describe, expect, test } from 'vitest'
import { createCors, isPreflight, preflightHeaders } from '../../src/policy/cors.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOf } from '../support/code-of.ts'

const PAGE = 'https://www.acme.example'
const cors = createCors(new Set([PAGE, 'capacitor://localhost']))

describe('the CORS headers', () => {
  test.each([PAGE, 'capacitor://localhost'])('name a listed origin, and only it: %s', (origin) => {
    expect(Object.fromEntries(cors.headers(arrivalOf({ headers: { origin } })))).toEqual({
      vary: 'Origin',
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Retry-After, RateLimit, RateLimit-Policy, X-Request-Id',
    })
  })

  test.each([
    undefined,
    'null',
    '*',
    '',
    'https://acme.example',
    'https://www.acme.example.evil.com',
    'https://WWW.acme.example',
    'http://www.acme.example',
    'https://www.acme.example:443',
    '__proto__',
  ])('are Vary alone for %s: shared caches keep both answers apart', (origin) => {
    const headers = origin === undefined ? {} : { origin }
    expect(cors.headers(arrivalOf({ headers }))).toEqual([['vary', 'Origin']])
  })
})

describe('a preflight', () => {
  const asked = { origin: PAGE, 'access-control-request-method': 'POST' }

  test('is OPTIONS with both headers of one', () => {
    expect(isPreflight(arrivalOf({ method: 'OPTIONS', headers: asked }))).toBe(true)
  })

  test.each([
    ['another method', arrivalOf({ method: 'POST', headers: asked })],
    ['no origin', arrivalOf({ method: 'OPTIONS', headers: { ...without('origin') } })],
    ['no method', arrivalOf({ method: 'OPTIONS', headers: { origin: PAGE } })],
  ])('is not one with %s', (_what, arrival) => {
    expect(isPreflight(arrival)).toBe(false)
  })

  test('is told what the path takes', () => {
    expect(Object.fromEntries(answer(asked, ['GET', 'POST']))).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers':
        'authorization, content-type, accept-language, x-source, x-widget-token, x-apikey',
      'access-control-max-age': '3600',
      vary: 'Origin',
    })
  })

  test('never answers with a wildcard', () => {
    for (const [, value] of answer(asked, ['GET', 'POST'])) expect(value).not.toContain('*')
  })

  test('for HEAD is fine where GET is: it is GET without a body', () => {
    const head = { ...asked, 'access-control-request-method': 'HEAD' }
    expect(codeOf(() => answer(head, ['GET']))).toBe('ok')
    expect(codeOf(() => answer(head, ['POST']))).toBe('policy/method-not-allowed')
  })

  test.each([
    ['a page that is not listed', { origin: 'https://evil.com' }, 'policy/origin-mismatch'],
    ['null', { origin: 'null' }, 'policy/origin-mismatch'],
    ['another method', { 'access-control-request-method': 'DELETE' }, 'policy/method-not-allowed'],
    ['other case', { 'access-control-request-method': 'post' }, 'policy/method-not-allowed'],
  ])('is refused for %s', (_what, changed, code) => {
    expect(codeOf(() => answer({ ...asked, ...changed }, ['GET', 'POST']))).toBe(code)
  })

  function without(name: string): Record<string, string> {
    return Object.fromEntries(Object.entries(asked).filter(([key]) => key !== name))
  }

  function answer(headers: Record<string, string>, methods: readonly string[]) {
    const arrival = arrivalOf({ method: 'OPTIONS', headers })
    return preflightHeaders(arrival, cors.headers(arrival), methods)
  }
})
