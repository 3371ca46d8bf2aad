import { describe, expect, test } from 'vitest'
import { config } from '../../../providers/nector/config.ts'
import { routes } from '../../../providers/nector/routes.ts'
import type { Route } from '../../../src/provider.ts'

const base = '/api/v2/merchant'
const documented = routes([])

describe('the reads', () => {
  test('of a customer are those of wire facts §2.6, for shoppers and servers with the scope', () => {
    const reads = documented.filter(({ callers }) => callers.customer === 'read')
    expect(reads.map(({ method, path }) => `${method} ${path}`)).toEqual(
      [
        '/leads/:id',
        '/activities',
        '/coupons',
        '/coupons/:id',
        '/wallettransactions',
        '/wallettransactions/:id',
        '/creditwallettransactions',
        '/referrals',
        '/referrals/:id',
        '/orders',
        '/orders/:id',
        '/offers',
        '/offers/:id',
      ].map((path) => `GET ${base}${path}`),
    )
    for (const { callers, query } of reads) {
      expect(callers).toEqual({ customer: 'read', service: 'nector:read' })
      expect(query).not.toBe('any')
    }
  })

  test('of content are those of wire facts §2.6, for everybody', () => {
    const reads = documented.filter(({ callers }) => callers.anonymous === true)
    expect(reads.map(({ method, path }) => `${method} ${path}`)).toEqual(
      [
        '/triggers',
        '/aggreegateddetails',
        '/aggreegatedoffers',
        '/reviews',
        '/reviews/:id',
        '/reviews-count',
        '/qnas',
        '/qnas/:id',
        '/qnas-count',
        '/entities/:id',
      ].map((path) => `GET ${base}${path}`),
    )
  })
})

describe('the changes', () => {
  const writes = documented.filter(({ method }) => method !== 'GET')

  test('are those of wire facts §2.6', () => {
    expect(writes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      [
        `POST ${base}/activities`,
        `POST ${base}/creditwallettransactions`,
        `POST ${base}/leads`,
        `POST ${base}/offerredeems`,
        `POST ${base}/offerrewards`,
        `POST ${base}/publicofferredeems`,
        `POST ${base}/publicofferrewards`,
        `POST ${base}/qnas`,
        `POST ${base}/reviews`,
        `POST ${base}/uploads`,
        `POST ${base}/wallettransactions`,
        `PUT ${base}/leads/:id`,
      ].sort(),
    )
  })

  test('are open to nobody but servers with the scope, unless the storefront opens them', () => {
    for (const { path, callers, credential, replayable } of writes) {
      expect(credential, path).toBe('write')
      expect(callers.service, path).toBe('nector:write')
      expect(callers.anonymous ?? callers.browser, path).toBeUndefined()
      expect(['write', 'never'], path).toContain(callers.customer)
      expect(replayable, 'money is never sent twice').not.toBe(true)
    }
  })

  test('that move coins or make leads are never a shopper’s', () => {
    for (const path of [
      '/leads',
      '/offerrewards',
      '/publicofferrewards',
      '/wallettransactions',
      '/creditwallettransactions',
    ]) {
      const write = find(documented, 'POST', path)
      expect(write?.callers.customer, path).toBe('never')
    }
  })
})

describe('reads that the operator adds', () => {
  test('are added, and none replaces a documented one', () => {
    const added = routes([
      { get: '/viptiers', for: 'customer' },
      { get: '/banners', for: 'content' },
      { get: '/wallettransactions', for: 'content' },
    ])
    expect(find(added, 'GET', '/viptiers')?.callers.customer).toBe('read')
    expect(find(added, 'GET', '/banners')?.callers.anonymous).toBe(true)
    expect(find(added, 'GET', '/wallettransactions')?.callers.anonymous).toBeUndefined()
    expect(added).toHaveLength(documented.length + 2)
  })

  test.each([
    ['a path twice', [read('/viptiers'), { ...read('/viptiers'), for: 'content' }]],
    ['another name for an id, which no table could hold', [read('/leads/:lead')]],
    ['an id in the middle', [read('/a/:id/b')]],
    ['a trailing slash', [read('/viptiers/')]],
    ['a dot segment', [read('/../offers')]],
    ['an encoded letter', [read('/%76iptiers')]],
    ['a query', [read('/viptiers?lead_id=1')]],
    ['the whole path with a host', [read('https://evil.example/x')]],
    ['nothing', [read('')]],
    ['a change', [{ post: '/viptiers', for: 'customer' }]],
    ['another audience', [{ get: '/viptiers', for: 'everybody' }]],
  ])('are refused with %s', (_what, further) => {
    expect(parse(further).success).toBe(false)
  })

  test.each(['/viptiers', '/viptiers/:id', '/a-b_c/d'])('may be %s', (path) => {
    expect(parse([read(path)]).success).toBe(true)
  })
})

function find(all: readonly Route[], method: string, path: string): Route | undefined {
  return all.find((route) => route.method === method && route.path === base + path)
}

function read(get: string) {
  return { get, for: 'customer' }
}

function parse(further: readonly object[]) {
  return config.safeParse({
    environment: 'production',
    customer: 'shopify',
    keys: { storefront: { apiKey: 'ak_4f9c01d2e8', signingSecret: 'sg_90b1c2d3e4' } },
    routes: further,
  })
}
