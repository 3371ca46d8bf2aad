import { describe, expect, test } from 'vitest'
import type { Credential, Route } from '../../src/provider.ts'
import { readingOf } from '../../src/upstream/reading.ts'
import type { ReadingFacts } from '../../src/upstream/reading.ts'
import { arrivalOf } from '../support/arrival.ts'
import { fakeUpstream } from '../support/fake-upstream.ts'

const upstream = fakeUpstream()
const credential: Credential = {
  key: { id: 'apiKey', fingerprint: 'f1' },
  headers: [],
  token: null,
  fallback: null,
}
const personal = {
  ...credential,
  token: {
    kind: 'customer-token',
    header: 'x-acme-token',
    per: 'customer' as const,
    optional: false,
    jitter: 0,
    mint: () => Promise.reject(new Error('not now')),
  },
}
const [, points] = upstream.routes as readonly [Route, Route, Route]
const content: Route = { ...points, content: true, cache: { fresh: 1_000, stale: 2_000 } }
const rules = { content: true, own: null }

const facts: ReadingFacts = {
  storefront: 'acme',
  upstream,
  route: points,
  credential: personal,
  customer: '1001',
  arrival: arrivalOf({ path: '/v1/points', headers: { 'accept-language': 'de' } }),
  query: 'limit=1',
  headers: { 'x-acme-client': 'web' },
}
const keyOf = (changed: Partial<ReadingFacts>) => readingOf({ ...facts, ...changed }, rules)?.key

describe('T20: two reads share an answer only where all of this is the same', () => {
  const changed: Record<string, Partial<ReadingFacts>> = {
    storefront: { storefront: 'other' },
    provider: { upstream: { ...upstream, provider: 'other' } },
    environment: { upstream: { ...upstream, environment: 'staging' } },
    origin: { upstream: { ...upstream, origin: 'https://other.example' } },
    namespace: { upstream: { ...upstream, namespace: 'other' } },
    'fixed headers': { upstream: { ...upstream, headers: [['x-acme-team', 'red']] } },
    'key id': { credential: { ...personal, key: { id: 'other', fingerprint: 'f1' } } },
    'key version': { credential: { ...personal, key: { id: 'apiKey', fingerprint: 'f2' } } },
    'kind of token': { credential: { ...personal, token: { ...personal.token, kind: 'other' } } },
    'no token': { credential },
    customer: { customer: '1002' },
    nobody: { customer: null },
    path: { arrival: { ...facts.arrival, path: '/v1/points/2' } },
    query: { query: 'limit=2' },
    'a header that is passed on': { arrival: { ...facts.arrival, headers: { accept: '*/*' } } },
    'its value': { arrival: { ...facts.arrival, headers: { 'accept-language': 'en' } } },
    'a header of the provider’s': { headers: { 'x-acme-client': 'app' } },
  }

  test.each(Object.keys(changed))('%s', (name) => {
    expect(keyOf(changed[name] ?? {})).not.toBe(keyOf({}))
  })

  test('and no two of these are taken for each other', () => {
    const keys = Object.values(changed).map(keyOf)
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('values cannot run into each other', () => {
    const [one, other] = [keyOf({ customer: '1","2' }), keyOf({ customer: '1', query: '2' })]
    expect(one).not.toBe(other)
  })

  test('and headers that go nowhere make no difference', () => {
    const headers = { ...facts.arrival.headers, 'user-agent': 'x', cookie: 'sid=1', origin: 'y' }
    expect(keyOf({ arrival: { ...facts.arrival, headers } })).toBe(keyOf({}))
  })
})

describe('content', () => {
  test('is shared by all, where no shopper’s token goes along', () => {
    const one = keyOf({ route: content, credential, customer: '1001' })
    expect(one).toBe(keyOf({ route: content, credential, customer: null }))
  })

  test('is each shopper’s own where one does', () => {
    const one = keyOf({ route: content, customer: '1001' })
    expect(one).not.toBe(keyOf({ route: content, customer: '1002' }))
  })

  test('is kept as the route says, unless the storefront wants nothing kept', () => {
    expect(readingOf({ ...facts, route: content }, rules)?.rule).toBe(content.cache)
    expect(readingOf({ ...facts, route: content }, { content: false, own: null })?.rule).toBeNull()
  })
})

describe('a shopper’s own read', () => {
  test('is shared with itself, and kept only where the storefront asks for it', () => {
    expect(readingOf(facts, rules)).toMatchObject({ rule: null, owner: '["acme","1001"]' })
    expect(readingOf(facts, { content: true, own: 5_000 })?.rule).toEqual({
      fresh: 5_000,
      stale: 0,
    })
  })

  test('is not kept where a server reads for nobody', () => {
    expect(readingOf({ ...facts, customer: null }, { content: true, own: 5_000 })?.rule).toBeNull()
  })
})

describe('neither shared nor kept', () => {
  test.each(['POST', 'PUT', 'DELETE', 'HEAD'])('%s', (method) => {
    expect(keyOf({ arrival: { ...facts.arrival, method } })).toBeUndefined()
  })

  test('a route whose answers are each one’s own', () => {
    expect(keyOf({ route: { ...points, shared: false } })).toBeUndefined()
  })

  test.each(['range', 'if-range', 'if-match', 'if-modified-since', 'if-none-match'])(
    '%s',
    (name) => {
      expect(keyOf({ arrival: { ...facts.arrival, headers: { [name]: '"x"' } } })).toBeUndefined()
    },
  )

  test('but a question whether content is new may be answered by what is kept', () => {
    const plain = readingOf({ ...facts, route: content }, rules)
    const headers = { ...facts.arrival.headers, 'if-none-match': '"x"' }
    const asked = readingOf(
      { ...facts, route: content, arrival: { ...facts.arrival, headers } },
      rules,
    )
    expect(asked).toEqual({ ...plain, ifNoneMatch: '"x"' })
  })
})
