/** One line for each call, by allow-list. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseJson, textOf } from '../support/json.ts'
import type { Json } from '../support/json.ts'
import { ALICE, BOB, keys, ORIGIN, startRig } from '../support/rig.ts'
import type { CallOptions, Rig } from '../support/rig.ts'

let rig: Rig
let alice: string
beforeAll(async () => {
  rig = await startRig()
  alice = await rig.session(ALICE.customer)
})
afterAll(() => rig.close())

/** Every name that a call's line may hold. */
const allowed = [
  'channel',
  'code',
  'duration',
  'id',
  'level',
  'method',
  'msg',
  'principal',
  'provider',
  'route',
  'sent',
  'service',
  'status',
  'storefront',
  'subject',
  'time',
  'upstreamDuration',
]

const anonymous = { channel: 'browser', principal: 'anonymous', subject: null, service: null }

const calls: readonly [what: string, path: string, how: () => CallOptions, line: object][] = [
  [
    'a search',
    '/api/widget/search?q=needle-1',
    () => ({ headers: { origin: ORIGIN, 'user-agent': 'needle-2', cookie: 'needle-3' } }),
    {
      ...anonymous,
      method: 'GET',
      storefront: 'acme',
      provider: 'neuroon',
      route: '/api/widget/search',
      status: 200,
      code: null,
      sent: 1,
    },
  ],
  [
    'a shopper’s read',
    `/nector/api/v2/merchant/leads/${ALICE.id}`,
    () => ({ as: alice }),
    {
      channel: 'app',
      principal: 'customer',
      subject: expect.stringMatching(/^[0-9a-f]{12}$/),
      service: null,
      provider: 'nector',
      route: '/api/v2/merchant/leads/:id',
      status: 200,
      sent: 1,
    },
  ],
  [
    'another’s id',
    `/nector/api/v2/merchant/leads/${BOB.id}`,
    () => ({ as: alice }),
    { status: 403, code: 'policy/subject-mismatch', sent: 0 },
  ],
  [
    'a server’s call',
    '/api/plugin/shops/shop_abc/products/needle-4',
    () => ({ as: keys.plugin }),
    {
      channel: 'server',
      principal: 'service',
      service: 'plugin',
      subject: null,
      route: '/api/plugin/shops/:shopId/products/:externalId',
      status: 404,
      code: null,
      sent: 1,
    },
  ],
  [
    'an endpoint of our own',
    '/widget-token',
    () => ({ as: keys.backend }),
    { provider: null, route: '/widget-token', service: 'backend', status: 200, sent: 0 },
  ],
  [
    'an unknown path',
    '/needle-5?needle=6',
    () => ({ headers: { origin: ORIGIN } }),
    {
      provider: null,
      route: null,
      status: 404,
      code: 'policy/route-unknown',
      sent: 0,
    },
  ],
  [
    'an unreadable one',
    '/needle-7/../x',
    () => ({}),
    { status: 400, code: 'downstream/malformed', sent: 0 },
  ],
  [
    'an unknown bearer',
    '/session',
    () => ({ as: 'needle-8' }),
    { status: 401, code: 'identity/invalid', principal: null },
  ],
  [
    'a body',
    '/api/widget/search',
    () => ({ method: 'POST', json: { query: 'needle-9' } }),
    { method: 'POST', status: 200, sent: 1 },
  ],
]

describe('the line of', () => {
  test.each(calls)('%s', async (_what, path, how, expected) => {
    const before = callLines().length
    const answer = await rig.call(path, how())
    const lines = callLines().slice(before)
    expect(lines).toHaveLength(1)
    const [line] = lines
    expect(line).toMatchObject(expected)
    expect(Object.keys(line ?? {}).sort()).toEqual(allowed)
    if (answer.headers['x-request-id'] !== undefined) {
      expect(line?.['id']).toBe(answer.headers['x-request-id'])
    }
  })

  test('an unknown path or a preflight names its storefront', async () => {
    const headers = { origin: ORIGIN, 'access-control-request-method': 'GET' }
    await rig.call('/nothing-here')
    expect(callLines().at(-1)).toMatchObject({ storefront: 'acme' })
    await rig.call('/api/widget/search', { method: 'OPTIONS', headers })
    expect(callLines().at(-1)).toMatchObject({ storefront: 'acme' })
  })

  test('a call that failed at the upstream says why, by kind and code', async () => {
    rig.neuroon.faults.cut({ path: /search/ }, 'before-headers', { times: 2 })
    await rig.call('/api/widget/search?q=needle-10')
    const line = callLines().at(-1)
    expect(line).toMatchObject({ status: 502, code: 'upstream/unreachable', sent: 2 })
    expect(line?.['cause']).toMatch(/^[A-Za-z]+( [A-Z_]+)?$/)
  })
})

describe('times', () => {
  test('are milliseconds: the upstream’s within the whole', async () => {
    await rig.call('/api/widget/search?q=tent')
    const line = callLines().at(-1)
    const [whole, upstream] = [Number(line?.['duration']), Number(line?.['upstreamDuration'])]
    expect(whole).toBeGreaterThanOrEqual(upstream)
    expect(upstream).toBeGreaterThan(0)
    expect(whole).toBeLessThan(5_000)
  })
})

describe('the subject', () => {
  test('is one for all of a shopper’s calls, and another one for another shopper', async () => {
    const bob = await rig.session(BOB.customer)
    for (const as of [alice, alice, bob]) await rig.call('/session', { as })
    const [one, again, other] = callLines()
      .slice(-3)
      .map((line) => line['subject'])
    expect(one).toBe(again)
    expect(one).not.toBe(other)
  })
})

describe('the whole log', () => {
  test('is one JSON object a line', () => {
    for (const line of lines()) expect(line).toMatchObject({ time: expect.any(String) })
  })

  test('holds nothing that a caller sent, and no customer', () => {
    const log = rig.log()
    expect(log).not.toMatch(/needle/)
    for (const { id, customerId, name } of [ALICE, BOB]) {
      for (const text of [id, customerId, name]) expect(log).not.toContain(text)
    }
    expect(log).not.toContain(alice)
  })
})

function lines(): Json[] {
  return rig
    .log()
    .split('\n')
    .filter((line) => line !== '')
    .map(parseJson)
}

function callLines(): Json[] {
  return lines().filter((line) => textOf(line['msg']) === 'call')
}
