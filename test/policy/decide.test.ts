import { describe, expect, test } from 'vitest'
import type { Principal } from '../../src/identity/principal.ts'
import { decide } from '../../src/policy/decide.ts'
import type { Callers } from '../../src/provider.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOf } from '../support/code-of.ts'
import { anonymous, customer, service } from '../support/principals.ts'

const PAGE = 'https://www.acme.example'
const shopper = customer()
const reader = service('shop:read')
const powerless = service()

/** The kinds of route, in the order of the columns below. */
const routes = {
  content: { anonymous: true },
  page: { browser: true, service: 'shop:read' },
  read: { customer: 'read', service: 'shop:read' },
  own: { customer: 'read' },
  write: { customer: 'write', service: 'shop:read' },
  never: { customer: 'never', service: 'shop:read' },
  server: { service: 'shop:read' },
  nobody: {},
} as const satisfies Record<string, Callers>
type Kind = keyof typeof routes

const callers: Record<string, Principal> = { anonymous, shopper, reader, powerless }

const OK = 'ok'
const LOGIN = 'policy/subject-required'
const PROOF = 'identity/missing'
const CHANNEL = 'policy/channel-not-allowed'
const SCOPE = 'policy/scope-missing'
const WRITE = 'policy/write-not-allowed'

const table: Record<Kind, Record<keyof typeof callers, string>> = {
  content: { anonymous: OK, shopper: OK, reader: OK, powerless: OK },
  page: { anonymous: PROOF, shopper: CHANNEL, reader: OK, powerless: SCOPE },
  read: { anonymous: LOGIN, shopper: OK, reader: OK, powerless: SCOPE },
  own: { anonymous: LOGIN, shopper: OK, reader: CHANNEL, powerless: CHANNEL },
  write: { anonymous: LOGIN, shopper: WRITE, reader: OK, powerless: SCOPE },
  never: { anonymous: PROOF, shopper: WRITE, reader: OK, powerless: SCOPE },
  server: { anonymous: PROOF, shopper: CHANNEL, reader: OK, powerless: SCOPE },
  nobody: { anonymous: PROOF, shopper: CHANNEL, reader: CHANNEL, powerless: CHANNEL },
}

const rows = Object.entries(table).flatMap(([kind, expected]) =>
  Object.entries(expected).map(([who, code]) => ({ kind: kind as Kind, who, code })),
)

describe('without Origin', () => {
  test.each(rows)('$who on a route for $kind: $code', ({ kind, who, code }) => {
    expect(ask(kind, callers[who])).toBe(code)
  })
})

describe('from a listed page', () => {
  test('a route for pages is open to everybody', () => {
    expect(ask('page', anonymous, { origin: PAGE })).toBe(OK)
    expect(ask('page', shopper, { origin: PAGE })).toBe(OK)
  })

  test.each(rows.filter(({ kind }) => kind !== 'page'))(
    'nothing else changes: $who on a route for $kind: $code',
    ({ kind, who, code }) => {
      expect(ask(kind, callers[who], { origin: PAGE })).toBe(code)
    },
  )
})

describe('from a page that is not listed', () => {
  test.each(rows)('$who on a route for $kind is refused', ({ kind, who }) => {
    expect(ask(kind, callers[who], { origin: 'https://evil.com' })).toBe('policy/origin-mismatch')
  })

  test('a page is no proof: a route for pages asks for Origin, not for Referer', () => {
    expect(ask('page', anonymous, { referer: `${PAGE}/` })).toBe(PROOF)
  })
})

describe('a change that the storefront has opened', () => {
  test('is open to shoppers', () => {
    expect(ask('write', shopper, {}, true)).toBe(OK)
  })

  test('is open to shoppers alone', () => {
    expect(ask('write', anonymous, {}, true)).toBe(LOGIN)
    expect(ask('write', powerless, {}, true)).toBe(SCOPE)
  })

  test('is never one that no shopper may make', () => {
    expect(ask('never', shopper, {}, true)).toBe(WRITE)
  })

  test('does not open what is for servers', () => {
    expect(ask('server', shopper, {}, true)).toBe(CHANNEL)
  })
})

describe('a service key in a browser', () => {
  test.each(['same-origin', 'same-site', 'cross-site', 'none', ''])(
    'is refused everywhere: Sec-Fetch-Site %j',
    (site) => {
      for (const kind of Object.keys(routes) as Kind[]) {
        expect(ask(kind, reader, { 'sec-fetch-site': site })).toBe(CHANNEL)
      }
    },
  )

  test('is told by Sec-Fetch-Site alone: Node’s own fetch sends Sec-Fetch-Mode', () => {
    expect(ask('server', reader, { 'sec-fetch-mode': 'cors' })).toBe(OK)
  })

  test('a shopper’s Sec-Fetch-Site means nothing of the kind', () => {
    expect(ask('read', shopper, { 'sec-fetch-site': 'same-origin' })).toBe(OK)
  })
})

describe('a problem', () => {
  test('says which scope is missing, and not which the key has', () => {
    expect(() => question('server', service('other'))).toThrow('the scope shop:read')
  })
})

function ask(
  kind: Kind,
  principal: Principal | undefined,
  headers: Record<string, string> = {},
  isWriteAllowed = false,
): string {
  return codeOf(() => question(kind, principal, headers, isWriteAllowed))
}

function question(
  kind: Kind,
  principal: Principal = anonymous,
  headers: Record<string, string> = {},
  isWriteAllowed = false,
): void {
  const arrival = arrivalOf({ headers })
  const origins = new Set([PAGE])
  decide({ arrival, principal, callers: routes[kind], isWriteAllowed, origins })
}
