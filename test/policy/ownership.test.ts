import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Principal } from '../../src/identity/principal.ts'
import { checkOwnership } from '../../src/policy/ownership.ts'
import type { Binding, Route } from '../../src/provider.ts'
import { codeOf } from '../support/code-of.ts'
import { fakeUpstream } from '../support/fake-upstream.ts'
import { anonymous, customer, service } from '../support/principals.ts'

const upstream = fakeUpstream({
  personal: ['account_id', 'customer_id', 'email'],
  fixed: { team: 'blue' },
})

const ACCOUNT = 'acc-alice'
const alice = customer('1001')

const list = route(
  '/points',
  ['limit', 'account_id', 'customer_id'],
  [
    { in: 'query', name: 'account_id', to: 'account', fill: true },
    { in: 'query', name: 'customer_id', to: 'customer', fill: true },
  ],
)
/** Takes own ids but is never given one. */
const orders = route(
  '/orders',
  ['limit', 'account_id'],
  [{ in: 'query', name: 'account_id', to: 'account' }],
)
const person = route(
  '/people/:id',
  ['customer_id'],
  [
    { in: 'path', name: 'id', to: 'account', self: 'me', unknown: () => 'any-uuid' },
    { in: 'query', name: 'customer_id', to: 'customer', fill: true },
  ],
)
const content = route('/reviews', 'any', [])
const team = route('/teams/:team/orders', 'any', [{ in: 'path', name: 'team', to: 'fixed' }])

describe('a query', () => {
  test.each([
    ['nothing', '', 'account_id=acc-alice'],
    ['another parameter', 'limit=5', 'limit=5&account_id=acc-alice'],
    ['the own account', 'account_id=acc-alice', 'account_id=acc-alice'],
    ['the own customer', 'customer_id=acme-1001', 'customer_id=acme-1001'],
    ['the own customer, bare', 'customer_id=1001', 'customer_id=acme-1001'],
    ['both', 'customer_id=1001&account_id=acc-alice', 'customer_id=acme-1001&account_id=acc-alice'],
    ['an encoded own account', 'account_id=acc%2Dalice', 'account_id=acc%2Dalice'],
  ])('with %s goes out with the own id once', (_what, query, sent) => {
    expect(target(list, { query })).toBe(`/points?${sent}`)
  })

  test.each([
    ['another account', 'account_id=acc-bob'],
    ['another customer', 'customer_id=1002'],
    ['an own and another id', 'account_id=acc-alice&customer_id=1002'],
    ['an empty account', 'account_id='],
    ['an account without a value', 'account_id'],
    ['an empty customer', 'customer_id='],
    ['the own account in other case', 'account_id=ACC-ALICE'],
    ['white space behind it', 'account_id=acc-alice%20'],
    ['a NUL behind it', 'account_id=acc-alice%00'],
    ['another encoded account', 'account_id=acc%2Dbob'],
    ['a name that is never given', 'email=alice%40example.com'],
  ])('with %s is refused', (_what, query) => {
    expect(ask(list, { query })).toBe('policy/subject-mismatch')
  })

  test.each([
    ['the same name twice', 'account_id=acc-alice&account_id=acc-alice'],
    ['a harmless name twice', 'limit=1&limit=2'],
    ['a semicolon', 'account_id=acc-alice;account_id=acc-bob'],
    ['an encoded name', 'account%5Fid=acc-bob'],
    ['brackets', 'account_id[]=acc-bob'],
    ['encoded brackets', 'account_id%5B%5D=acc-bob'],
    ['a plus in the name', 'account+id=acc-bob'],
    ['an equals sign in the value', 'account_id=acc-alice=x'],
    ['an empty parameter', 'limit=1&&account_id=acc-alice'],
    ['an ampersand at the end', 'limit=1&'],
    ['no name', '=acc-bob'],
    ['a value that is not UTF-8', 'account_id=%ff'],
    ['an overlong value', 'account_id=%c0%af'],
    ['an unlisted name', 'wallet=1'],
    ['other case', 'ACCOUNT=1'],
    ['a name of Object.prototype', '__proto__=1'],
    ['another name of Object.prototype', 'constructor=1'],
  ])('with %s is malformed', (_what, query) => {
    expect(ask(list, { query })).toBe('downstream/malformed')
  })

  test('with a personal name in other case is refused, not malformed', () => {
    expect(ask(list, { query: 'Account_ID=acc-bob' })).toBe('policy/subject-mismatch')
  })

  test('keeps the bytes of what needs no change', () => {
    const query = "limit=5%2B5,a'b"
    expect(target(list, { query })).toBe(`/points?${query}&account_id=acc-alice`)
  })

  test('is not given an id where the route takes none by itself', () => {
    expect(target(orders)).toBe('/orders')
    expect(target(orders, { query: 'account_id=acc-alice' })).toBe('/orders?account_id=acc-alice')
    expect(ask(orders, { query: 'account_id=acc-bob' })).toBe('policy/subject-mismatch')
  })

  test('gets the customer where the account is not known yet', () => {
    expect(target(list, { account: null })).toBe('/points?customer_id=acme-1001')
    expect(ask(list, { query: 'account_id=acc-alice', account: null })).toBe(
      'policy/subject-mismatch',
    )
  })

  test('is encoded where the own id needs it', () => {
    expect(target(list, { account: 'a b&c' })).toBe('/points?account_id=a%20b%26c')
  })
})

describe('a path', () => {
  test('with the own account stays', () => {
    expect(target(person, { params: { id: ACCOUNT } })).toBe(`/people/${ACCOUNT}`)
  })

  test('with me becomes the own account', () => {
    expect(target(person, { params: { id: 'me' } })).toBe(`/people/${ACCOUNT}`)
  })

  test('with me names the customer where the account is not known', () => {
    expect(target(person, { params: { id: 'me' }, account: null })).toBe(
      '/people/any-uuid?customer_id=acme-1001',
    )
  })

  test.each(['acc-bob', 'ME', 'Me', 'me%20', 'acc%2Dalice', ACCOUNT.toUpperCase(), ''])(
    'with %j is somebody else’s',
    (id) => {
      expect(ask(person, { params: { id } })).toBe('policy/subject-mismatch')
      expect(ask(person, { params: { id }, account: null })).toBe('policy/subject-mismatch')
    },
  )

  test('with me and another customer is refused', () => {
    expect(ask(person, { params: { id: 'me' }, query: 'customer_id=1002' })).toBe(
      'policy/subject-mismatch',
    )
  })
})

describe('a path whose account is not known', () => {
  test('is somebody else’s where nothing else can stand there', () => {
    const strict = route('/people/:id', [], [{ in: 'path', name: 'id', to: 'account', self: 'me' }])
    expect(ask(strict, { params: { id: 'me' }, account: null })).toBe('policy/subject-mismatch')
    expect(target(strict, { params: { id: 'me' } })).toBe(`/people/${ACCOUNT}`)
  })
})

describe('me without a shopper', () => {
  test.each([
    ['nobody', anonymous],
    ['a server', service('shop:read')],
  ])('is refused to %s: the upstream would take it for an id', (_who, principal) => {
    expect(ask(person, { params: { id: 'me' }, principal })).toBe('policy/subject-required')
  })
})

test('a call that is nobody’s gets no id', () => {
  expect(target(list, { principal: anonymous, account: null })).toBe('/points')
})

describe('a server', () => {
  const principal = service('shop:read')

  test.each(['', 'account_id=acc-bob', 'limit=1&limit=2', 'email=a%40b.example'])(
    'may name anybody, and nothing is filled in: %j',
    (query) => {
      expect(target(list, { query, principal })).toBe(query === '' ? '/points' : `/points?${query}`)
    },
  )

  test('may name anybody in the path', () => {
    expect(target(person, { params: { id: 'acc-bob' }, principal })).toBe('/people/acc-bob')
  })
})

describe('content', () => {
  test.each([
    ['nobody', anonymous],
    ['a shopper', alice],
  ])('may name no person, asked by %s', (_who, principal) => {
    for (const name of ['account_id', 'customer_id', 'email', 'EMAIL', 'Customer_Id']) {
      expect(ask(content, { query: `${name}=x`, principal })).toBe('policy/subject-mismatch')
    }
  })

  test('takes any other name, also twice, as it came', () => {
    const query = 'product=1&product=2&q=a%20b'
    expect(target(content, { query, principal: anonymous })).toBe(`/reviews?${query}`)
  })

  test('takes no other name than the listed ones, also where nothing names a person', () => {
    const search = fakeUpstream({ personal: [] })
    for (const query of ['wallet=1', 'limit=1&limit=2', 'limit=1;']) {
      const check = () => checkOwnership(claimed(list, { query }), alice, search)
      expect(codeOf(check)).toBe('downstream/malformed')
    }
  })

  test('is not parsed where nothing names a person: free text is fine', () => {
    const search = fakeUpstream({ personal: [] })
    const query = 'q=a;b&filter[x]=1&email=x'
    const owned = checkOwnership(claimed(content, { query }), anonymous, search)
    expect(owned.target(null)).toBe(`/reviews?${query}`)
  })
})

describe('an id that the configuration fixes', () => {
  test.each([anonymous, alice, service('x')])('is the configured one for $kind callers', (who) => {
    expect(target(team, { params: { team: 'blue' }, principal: who })).toBe('/teams/blue/orders')
    for (const other of ['red', 'BLUE', 'blue%20', 'blu%65', '__proto__', 'toString', '']) {
      const params = { team: other }
      expect(ask(team, { params, principal: who })).toBe('policy/subject-mismatch')
    }
  })
})

describe('whatever a shopper writes into a query', () => {
  const names = ['limit', 'account_id', 'customer_id', 'email', 'account_id[]', 'Account_id', 'x']
  const values = [
    ACCOUNT,
    'acc-bob',
    '1001',
    '1002',
    'acme-1002',
    '',
    '%61cc-bob',
    'a%26account_id',
  ]
  const parameter = fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...values))
    .map(([name, value]) => `${name}=${value}`)
  const separator = fc.constantFrom('&', ';', '&&')
  const query = fc
    .tuple(fc.array(parameter, { maxLength: 4 }), separator)
    .map(([parameters, between]) => parameters.join(between))

  test('what goes out names the shopper alone, each name once', () => {
    fc.assert(
      fc.property(query, (written) => {
        if (ask(list, { query: written }) !== 'ok') return
        const sent = new URL(target(list, { query: written }), 'http://upstream').searchParams
        expect(sent.getAll('account_id').concat(sent.getAll('customer_id')).length).not.toBe(0)
        for (const value of sent.getAll('account_id')) expect(value).toBe(ACCOUNT)
        for (const value of sent.getAll('customer_id')) expect(value).toBe('acme-1001')
        expect(new Set(sent.keys()).size).toBe([...sent.keys()].length)
        expect([...sent.keys()].every((name) => list.query.includes(name))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

interface Asked {
  readonly query?: string
  readonly params?: Readonly<Record<string, string>>
  readonly principal?: Principal
  readonly account?: string | null
}

function ask(route: Route, asked: Asked = {}): string {
  return codeOf(() => target(route, asked))
}

function target(route: Route, asked: Asked = {}): string {
  const { principal = alice, account = ACCOUNT } = asked
  return checkOwnership(claimed(route, asked), principal, upstream).target(account)
}

function claimed(route: Route, { query = '', params = {} }: Asked) {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? '')
  return { route, params, path, query }
}

function route(path: string, query: Route['query'], bind: readonly Binding[]): Route {
  const callers = { customer: 'read' } as const
  return { method: 'GET', path, callers, family: '', credential: '', bind, query }
}
