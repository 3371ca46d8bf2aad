import { beforeEach, describe, expect, test } from 'vitest'
import { createRouteTable } from '../../src/policy/match.ts'
import type { RouteTable } from '../../src/policy/match.ts'
import type { Method, Route } from '../../src/provider.ts'

describe('a route table', () => {
  let table: RouteTable
  beforeEach(() => {
    table = createRouteTable([
      route('GET', '/shops/me'),
      route('POST', '/shops/verify'),
      route('GET', '/shops/:id'),
      route('POST', '/shops/:id/verify'),
      route('DELETE', '/shops/:id/verify'),
      route('GET', '/shops/:id/products/:product'),
      route('GET', '/search'),
      route('POST', '/search'),
    ])
  })

  test.each([
    ['/search', '/search', {}],
    ['/shops/me', '/shops/me', {}],
    ['/shops/7', '/shops/:id', { id: '7' }],
    ['/shops/7/verify', '/shops/:id/verify', { id: '7' }],
    ['/shops/7/products/fk-101', '/shops/:id/products/:product', { id: '7', product: 'fk-101' }],
    ['/shops/a%20b', '/shops/:id', { id: 'a%20b' }],
    ['/shops/__proto__', '/shops/:id', { id: '__proto__' }],
    ['/shops/constructor', '/shops/:id', { id: 'constructor' }],
    ['/shops/:id', '/shops/:id', { id: ':id' }],
  ])('leads %s to %s', (path, pattern, params) => {
    const match = table.find(path)
    expect([...(match?.methods.values() ?? [])].map((found) => found.path)).toContain(pattern)
    expect(match?.params).toEqual(params)
  })

  test.each([
    '',
    '/',
    '/shops',
    '/shops/',
    '/shops//verify',
    '/shops/7/',
    '/shops/7/verify/',
    '/shops/7/verify/now',
    '/shops/7/products',
    '/search/',
    '//search',
    '/Search',
    '/SEARCH',
    '/%73earch',
    'search',
    '/search/x',
    '/shops/:id/verify/x',
    '/__proto__',
    '/constructor',
  ])('knows nothing of %j', (path) => {
    expect(table.find(path)).toBeNull()
  })

  test('gives all methods of a path, and no others', () => {
    expect(methods('/search')).toEqual(['GET', 'POST'])
    expect(methods('/shops/7/verify')).toEqual(['POST', 'DELETE'])
    expect(methods('/shops/7')).toEqual(['GET'])
  })

  test('prefers a literal segment to a variable', () => {
    expect(methods('/shops/verify')).toEqual(['POST'])
    expect(table.find('/shops/me')?.params).toEqual({})
    const forked = createRouteTable([route('GET', '/a/b/:x'), route('GET', '/a/:y/:z')])
    expect(forked.find('/a/b/1')?.params).toEqual({ x: '1' })
  })

  test('has what a path without variables leads to at hand', () => {
    expect(table.find('/search')).toBe(table.find('/search'))
  })

  test('falls back to the variable where the literal leads nowhere: a shop may be called me', () => {
    expect(table.find('/shops/me/verify')?.params).toEqual({ id: 'me' })
    expect(table.find('/shops/verify/products/1')?.params).toEqual({ id: 'verify', product: '1' })
    expect(table.find('/shops/me/nothing')).toBeNull()
  })

  test('forgets what a dead end has taken', () => {
    const forked = createRouteTable([route('GET', '/a/:x/b/c'), route('GET', '/:y/k/:z/d')])
    expect(forked.find('/a/k/b/d')?.params).toEqual({ y: 'a', z: 'b' })
  })

  test('is not made where one segment has two names', () => {
    const twice = [route('GET', '/shops/:id'), route('GET', '/shops/:shop/products')]
    expect(() => createRouteTable(twice)).toThrow('two names for one segment, shop and id')
  })

  function methods(path: string): readonly Method[] {
    return [...(table.find(path)?.methods.keys() ?? [])]
  }
})

function route(method: Method, path: string): Route {
  return { method, path, callers: {}, family: '', credential: '', bind: [], query: 'any' }
}
