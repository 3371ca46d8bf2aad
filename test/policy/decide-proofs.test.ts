import { describe, expect, test } from 'vitest'
import type { Principal } from '../../src/identity/principal.ts'
import { decide } from '../../src/policy/decide.ts'
import { Problem } from '../../src/problem.ts'
import type { Callers } from '../../src/provider.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOf } from '../support/code-of.ts'
import { anonymous, customer, service } from '../support/principals.ts'

const PAGE = 'https://www.acme.example'
const open: Callers = { anonymous: true }
const read: Callers = { customer: 'read', service: 'shop:read' }
const page: Callers = { browser: true }

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
}

function ask(callers: Callers, principal: Principal, { method = 'GET', headers = {} }: Asked = {}) {
  const arrival = arrivalOf({ method, headers })
  const origins = new Set([PAGE])
  return codeOf(() => decide({ arrival, principal, callers, isWriteAllowed: true, origins }))
}

const MISMATCH = 'policy/origin-mismatch'

describe('T25: a proof that came by itself', () => {
  const ambient: readonly Principal[] = [
    { ...customer(), isAmbient: true },
    { ...anonymous, isAmbient: true },
  ]

  test.each(['POST', 'PUT', 'DELETE'])(
    'changes nothing without a page of the shop: %s',
    (method) => {
      for (const principal of ambient) {
        for (const headers of [
          {},
          { 'sec-fetch-site': 'same-site' },
          { 'sec-fetch-site': 'cross-site' },
          { 'sec-fetch-site': 'none' },
          { 'sec-fetch-site': '' },
          { referer: `${PAGE}/` },
          { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
        ]) {
          expect(ask(open, principal, { method, headers })).toBe(MISMATCH)
          expect(ask(read, principal, { method, headers })).toBe(MISMATCH)
        }
        expect(ask(open, principal, { method, headers: { origin: PAGE } })).toBe('ok')
        const headers = { 'sec-fetch-site': 'same-origin' }
        expect(ask(open, principal, { method, headers })).toBe('ok')
      }
    },
  )

  test.each(['GET', 'HEAD'])('may read: %s', (method) => {
    for (const principal of ambient) expect(ask(open, principal, { method })).toBe('ok')
  })

  test('is told apart from one that did not', () => {
    expect(ask(read, customer(), { method: 'POST' })).toBe('ok')
  })
})

describe('a cookie that counts for nothing', () => {
  const refused = (code: 'identity/expired' | 'identity/invalid'): Principal => ({
    ...anonymous,
    refusal: new Problem(code, 'no'),
  })

  test('does not stop what nobody needs it for, where it has only ended', () => {
    expect(ask(open, refused('identity/expired'))).toBe('ok')
    expect(ask(open, refused('identity/expired'), { method: 'POST' })).toBe('ok')
    expect(ask(page, refused('identity/expired'), { headers: { origin: PAGE } })).toBe('ok')
  })

  test('is the refusal everywhere else', () => {
    expect(ask(read, refused('identity/expired'))).toBe('identity/expired')
    expect(ask(page, refused('identity/expired'))).toBe('identity/expired')
    expect(ask({ service: 'x' }, refused('identity/expired'))).toBe('identity/expired')
    for (const callers of [open, read, page]) {
      const headers = { origin: PAGE }
      expect(ask(callers, refused('identity/invalid'), { headers })).toBe('identity/invalid')
    }
  })

  test('says nothing to a page that is not listed', () => {
    const headers = { origin: 'https://evil.example' }
    expect(ask(open, refused('identity/invalid'), { headers })).toBe(MISMATCH)
  })
})

describe('a server that acts for a customer', () => {
  const acting = (...scopes: string[]): Principal => ({ ...service(...scopes), customer: '1001' })

  test.each([
    ['both scopes', read, ['session', 'shop:read'], 'ok'],
    ['only the route’s', read, ['shop:read'], 'policy/scope-missing'],
    ['only its own', read, ['session'], 'policy/scope-missing'],
    ['a scope on an open route', open, ['session'], 'ok'],
    ['no scope on an open route', open, ['shop:read'], 'policy/scope-missing'],
    ['a route for shoppers alone', { customer: 'read' }, ['session'], 'policy/channel-not-allowed'],
    ['a route for pages', page, ['session'], 'policy/channel-not-allowed'],
    [
      'a change that no shopper may make',
      { customer: 'never', service: 'shop:read' },
      ['session', 'shop:read'],
      'policy/write-not-allowed',
    ],
    ['a change of a shopper’s', { customer: 'write', service: 'w' }, ['session', 'w'], 'ok'],
  ] as const)('%s', (_what, callers, scopes, code) => {
    expect(ask(callers, acting(...scopes))).toBe(code)
  })

  test('not from a browser', () => {
    const headers = { 'sec-fetch-site': 'same-origin' }
    expect(ask(open, acting('session'), { headers })).toBe('policy/channel-not-allowed')
  })
})

describe('a route for some channels', () => {
  test.each([
    ['browser', anonymous, 'ok'],
    ['browser', { ...anonymous, channel: 'app' }, 'policy/channel-not-allowed'],
    ['browser', { ...customer(), channel: 'browser' }, 'ok'],
    ['browser', customer(), 'policy/channel-not-allowed'],
    ['browser', service(), 'policy/channel-not-allowed'],
    ['app', customer(), 'ok'],
    ['server', service(), 'ok'],
  ] as const)('%s: %j is %s', (channel, principal, code) => {
    expect(ask({ ...open, channels: [channel] }, principal)).toBe(code)
  })

  test('says who is needed before it says from where', () => {
    expect(ask({ customer: 'read', channels: ['app'] }, anonymous)).toBe('policy/subject-required')
  })
})
