import { describe, expect, test } from 'vitest'
import type { Principal } from '../../src/identity/principal.ts'
import { checkOwnership } from '../../src/policy/ownership.ts'
import { readParameters } from '../../src/policy/ownership-query.ts'
import type { Binding, Route } from '../../src/provider.ts'
import { codeOf } from '../support/code-of.ts'
import { fakeUpstream } from '../support/fake-upstream.ts'
import { anonymous, customer, service } from '../support/principals.ts'

const upstream = fakeUpstream({ personal: ['account_id', 'email'] })

function route(bind: readonly Binding[], query: Route['query']): Route {
  return { method: 'GET', path: '/a', callers: {}, family: '', credential: '', bind, query }
}
const list = route(
  [{ in: 'query', name: 'account_id', to: 'account', fill: true }],
  ['account_id', 'q'],
)
const content = route([], 'any')

const ask = (asked: Route, query: string, principal: Principal = customer()) =>
  codeOf(() =>
    checkOwnership({ route: asked, params: {}, path: '/a', query }, principal, upstream).target(
      'acc',
    ),
  )
const target = (
  asked: Route,
  query: string,
  account: string | null,
  principal: Principal = customer(),
) =>
  checkOwnership({ route: asked, params: {}, path: '/a', query }, principal, upstream).target(
    account,
  )

describe('a query', () => {
  test('with a semicolon is refused wherever it stands', () => {
    expect(ask(list, 'q=1;')).toBe('downstream/malformed')
    expect(ask(list, 'q=a;b')).toBe('downstream/malformed')
    expect(ask(content, 'q=a;b')).toBe('downstream/malformed')
  })

  test('is read as it came, and decoded', () => {
    expect(readParameters({ route: list, query: '' }, upstream)).toEqual([])
    expect(readParameters({ route: list, query: 'account_id=a%20b&q' }, upstream)).toEqual([
      { name: 'account_id', raw: 'account_id=a%20b', value: 'a b' },
      { name: 'q', raw: 'q', value: '' },
    ])
  })

  test('may say anything but whom, where the route concerns nobody', () => {
    expect(target(content, 'q=1&q=2&Any.Thing-else=', null)).toBe('/a?q=1&q=2&Any.Thing-else=')
    for (const name of ['email', 'E-Mail', 'accountId', 'ACCOUNT.ID', 'account-id', 'e_mail']) {
      expect(ask(content, `${name}=x`)).toBe('policy/subject-mismatch')
    }
    expect(codeOf(() => target(content, 'email=x', null, anonymous))).toBe(
      'policy/subject-mismatch',
    )
  })

  test('is a body’s or a path’s business where the binding says so', () => {
    const elsewhere = route(
      [
        { in: 'body', name: 'q', to: 'account', fill: true },
        { in: 'query', name: 'owner', to: 'account' },
      ],
      ['q', 'owner'],
    )
    expect(target(elsewhere, 'q=anything', 'acc')).toBe('/a?q=anything')
    expect(target(elsewhere, '', 'acc')).toBe('/a')
    expect(ask(elsewhere, 'owner=other')).toBe('policy/subject-mismatch')
  })

  test('names an account only where it is known to be the own one', () => {
    expect(target(list, 'account_id=acc', 'acc')).toBe('/a?account_id=acc')
    expect(codeOf(() => target(list, 'account_id=acc', null))).toBe('policy/subject-mismatch')
    expect(codeOf(() => target(list, 'account_id=', null))).toBe('policy/subject-mismatch')
  })

  test('of a server is its own business, unless it acts for somebody', () => {
    expect(target(list, 'account_id=other&x=1', null, service('s'))).toBe('/a?account_id=other&x=1')
    const acting: Principal = { ...service('session'), customer: '1001' }
    expect(codeOf(() => target(list, 'account_id=other', 'acc', acting))).toBe(
      'policy/subject-mismatch',
    )
    expect(target(list, '', 'acc', acting)).toBe('/a?account_id=acc')
  })
})
