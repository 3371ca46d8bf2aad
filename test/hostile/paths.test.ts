import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keys } from '../support/rig.ts'
import { request } from './raw-client.ts'
import { startStand } from './stand.ts'
import type { Stand } from './stand.ts'
import { tryOn } from './trial.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand()
})
afterAll(() => stand.close())

const PLUGIN = [`Authorization: Bearer ${keys.plugin}`]

describe('a path that is not canonical is 400 and sends nothing', () => {
  test.each([
    String.raw`/api/widget/x\..\..\plugin\shops\42`,
    '/api/widget/../plugin/me',
    '/api/widget/./search',
    '/api/widget/search/..',
    '/api/widget/search/.',
    '/api/widget/%2e%2e/plugin/me',
    '/api/widget/%2E%2E/plugin/me',
    '/api/widget/.%2e/plugin/me',
    '/api/widget/%2e/search',
    '/api/widget/..%2fplugin%2fme',
    '/api/widget/..%5cplugin%5cme',
    '/api%2fwidget%2fsearch',
    '/api/widget%2Fsearch',
    '/api/widget/%252e%252e/plugin/me',
    '/api/widget/%25%32%65%25%32%65/plugin/me',
    '/api/widget/..;/plugin/me',
    '/api/widget/..;x=y/plugin/me',
    '/api/widget/search;jsessionid=1',
    '/api/widget/search%3bx',
    '//api/widget/search',
    '/api//widget/search',
    '/api/widget//search',
    '/api/widget/search//',
    '/api/%77idget/search',
    '/%61pi/widget/search',
    '/api/widget/sear%63h',
    '/api/widget/%c0%ae%c0%ae/plugin/me',
    '/api/widget/%c0%af../plugin/me',
    '/api/widget/%e0%80%ae%e0%80%ae/plugin/me',
    '/api/widget/%C0%AF',
    '/api/widget/%EF%BC%8E%EF%BC%8E/plugin/me',
    '/api/widget/%EF%BC%8Fplugin',
    '/api/widget/%E2%80%A5/plugin/me',
    '/api/widget/search%00',
    '/api/widget/search%0d%0aX:y',
    '/api/widget/search%20%09',
    '/api/widget/search%7f',
    '/api/widget/search%C2%85',
    '/api/widget/search%zz',
    '/api/widget/search%',
    '/api/widget/search%2',
    '/api/widget/search#fragment',
    '/api/widget/search%u002e',
    '/api/widget/se\xe4rch',
    '/api/widget/search\t',
    '/api/widget/{x}',
    '/api/widget/search"',
    '/api/widget/<x>',
    '/api/widget/x|y',
    '/api/widget/x^y',
    '/api/widget/x`y',
    '/api/widget/[x]',
    '*',
    'api/widget/search',
    '?/api/widget/search',
  ])('%s', async (target) => {
    const { status, code, sent, isClosed } = await tryOn(stand, request(`GET ${target}`, PLUGIN))
    expect({ status, code, sent, isClosed }).toEqual({
      status: 400,
      code: 'downstream/malformed',
      sent: [],
      isClosed: true,
    })
    expect(stand.recorder.bytes().length).toBe(0)
  })
})

describe('a path that is canonical and not listed is 404 and sends nothing', () => {
  test.each([
    '/',
    '/api/widget',
    '/api/widget/',
    '/api/widget/search/',
    '/API/widget/search',
    '/api/Widget/search',
    '/api/widget/Search',
    '/api/webhooks/x',
    '/api/tokens/x',
    '/api/search/x',
    '/neuroon',
    '/neuroon/',
    '/neuroon/neuroon/api/widget/search',
    '/nector/api/widget/search',
    '/neuroon/api/v2/merchant/triggers',
    '/nector/api/v2/merchant/webhooks',
    '/nector/api/open/integrations/customcheckoutwebhook/x',
    '/metrics',
    '/status',
  ])('%s', async (target) => {
    const { status, code, sent } = await tryOn(stand, request(`GET ${target}`, PLUGIN))
    expect({ status, code, sent }).toEqual({ status: 404, code: 'policy/route-unknown', sent: [] })
  })
})

describe('the path that is matched is byte for byte the path that is sent', () => {
  test.each([
    '/api/plugin/shops/shop_abc/products/a-b_c.d~e',
    "/api/plugin/shops/shop_abc/products/a!$&'()*+,=:@b",
    '/api/plugin/shops/shop_abc/products/%D1%82%D0%BE%D0%B2%D0%B0%D1%80',
    '/api/plugin/shops/shop_abc/products/a%20b',
    '/api/plugin/shops/shop_abc/products/50%E2%82%AC',
    '/api/plugin/shops/shop_abc/products/...',
    '/api/plugin/shops/shop_abc/products/a..b',
  ])('%s', async (target) => {
    const { status, sent, wrongs } = await tryOn(stand, request(`GET /neuroon${target}`, PLUGIN))
    expect({ status, wrongs, targets: sent.map((request) => request.target) }).toEqual({
      status: 200,
      wrongs: [],
      targets: [target],
    })
  })

  test.each([
    'q=a%20b+c&limit=10',
    'q=%zz'.replace('%zz', '%25'),
    "q=a!$'()*,;:@/?b&x[]=1&x[]=2",
    'q=%D1%82&q=%d1%82',
    'q=%0d%0aSet-Cookie:x',
  ])('and so is the query of a search: %s', async (query) => {
    const { sent, wrongs } = await tryOn(stand, request(`GET /api/widget/search?${query}`))
    expect(wrongs).toEqual([])
    expect(sent.map(({ target }) => target)).toEqual([`/api/widget/search?${query}`])
  })

  test.each(['q=a b', 'q=a#b', 'q=a\\b', 'q="a"', 'q=%zz', 'q=%', 'q=\xe9', 'q=a\tb'])(
    'a query that must be encoded is 400: %s',
    async (query) => {
      const { status, sent } = await tryOn(stand, request(`GET /api/widget/search?${query}`))
      expect({ status, sent }).toEqual({ status: 400, sent: [] })
    },
  )
})

test('another shop in the path is refused, whoever calls', async () => {
  for (const shop of ['shop_xyz', 'SHOP_ABC', 'shop_abc%20', 'shop_abc.', '42']) {
    const line = `GET /neuroon/api/plugin/shops/${shop}/products`
    const { status, code, sent } = await tryOn(stand, request(line, PLUGIN))
    expect([shop, status, code, sent]).toEqual([shop, 403, 'policy/subject-mismatch', []])
  }
})
