import { describe, expect, test } from 'vitest'
import { nector } from '../../../providers/nector/index.ts'
import { routes, writeRoute } from '../../../providers/nector/routes.ts'
import { shopperWrites } from '../../../providers/nector/shopper-writes.ts'

const base = {
  environment: 'production',
  customer: 'shopify',
  workspaceId: 'shopify-acme',
  keys: { storefront: { apiKey: 'ak_4f9c01d2e8b7a653', signingSecret: 'sg_90b1c2d3e4f5a617' } },
}
const start = (more: object = {}) =>
  nector.start(nector.config.parse({ ...base, ...more }), { storefront: 'acme', origins: [] })
const problem = (more: object) =>
  nector.config.safeParse({ ...base, ...more }).error?.issues.map(({ message }) => message)
const all = routes([])
const open = all.filter(({ callers }) => callers.customer === 'write')

describe('what shoppers may change', () => {
  test('is what can be listed, and nothing else', () => {
    const names = open.map(({ method, path }) => `${method} ${path}`)
    expect(names.sort()).toEqual(shopperWrites.map(writeRoute).sort())
    expect(writeRoute('PUT /leads/me')).toBe('PUT /api/v2/merchant/leads/:id')
  })

  test('is off until it is listed', () => {
    expect(start().allow).toEqual([])
    expect(start({ allow: ['POST /qnas', 'PUT /leads/me'] }).allow).toEqual([
      'POST /api/v2/merchant/qnas',
      'PUT /api/v2/merchant/leads/:id',
    ])
    expect(start({ triggers: ['t1'] }).choices).toEqual({ triggers: ['t1'] })
  })

  test.each([
    'POST /wallettransactions',
    'POST /leads',
    'POST /uploads',
    'POST /offerrewards',
    'post /offerredeems',
    'POST offerredeems',
    'PUT /leads/:id',
    'POST /offerredeems ',
    '*',
    '',
  ])('cannot be %j', (write) => {
    expect(problem({ allow: [write] })?.[0]).toMatch(/^must be one of POST \/activities, /)
  })

  test('is not listed twice, and triggers are ids', () => {
    expect(problem({ allow: ['POST /qnas', 'POST /qnas'] })).toEqual(['lists a write twice'])
    expect(problem({ triggers: ['a b'] })).toEqual(['must be the id of a trigger'])
  })

  test('is asked about where it makes no sense', () => {
    const paths = (more: object) => start(more).warnings.map(({ path }) => path.join())
    expect(paths({})).toEqual([])
    expect(paths({ allow: ['POST /activities'] })).toEqual(['allow'])
    expect(paths({ triggers: ['t1'] })).toEqual(['triggers'])
    expect(paths({ allow: ['POST /activities'], triggers: ['t1'] })).toEqual([])
  })
})

describe('each of them', () => {
  test.each(open.map((route) => ({ name: `${route.method} ${route.path}`, route })))(
    '$name lists its fields and its query, and is never sent twice',
    ({ route }) => {
      expect(route.body?.type).toBe('json')
      expect(route.body?.fields?.length).toBeGreaterThan(0)
      expect(route.query).toEqual([])
      expect(route.replayable).toBeUndefined()
      // Read whole, whoever sends it.
      expect(route.body?.maxBytes).toBeLessThanOrEqual(256 * 1024)
      expect(route.callers.service).toBe('nector:write')
    },
  )
})

test('no shopper may use a WRITE-key route, listed or not', () => {
  const never = all.filter(({ callers }) => callers.customer === 'never')
  expect(never.map(({ path }) => path.replace('/api/v2/merchant', '')).sort()).toEqual([
    '/creditwallettransactions',
    '/leads',
    '/offerrewards',
    '/publicofferrewards',
    '/uploads',
    '/wallettransactions',
  ])
})

test('storefronts without further reads share one list, and so one table', () => {
  expect(routes([])).toBe(routes([]))
  expect(routes([{ get: '/viptiers', for: 'customer' }])).toHaveLength(all.length + 1)
})
