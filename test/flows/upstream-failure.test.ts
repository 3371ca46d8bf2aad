/** A provider in trouble: down, silent, cut off, or refusing what the gateway holds. */
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../support/fake-clock.ts'
import { ALICE, keys, ORIGIN, startRig } from '../support/rig.ts'
import type { CallOptions, Rig } from '../support/rig.ts'
import { lastSent, sentDuring, targets } from '../support/sent.ts'

const clock = createFakeClock()
let rig: Rig
beforeAll(async () => {
  rig = await startRig({ clock, random: () => 0 })
})
// Cool-downs of the test before are over.
beforeEach(() => clock.advance(10_000))
afterEach(() => {
  rig.neuroon.faults.clear()
  rig.nector.faults.clear()
})
afterAll(() => rig.close())

const search = '/neuroon/api/widget/search?q=tent'
const mine = '/nector/api/v2/merchant/leads/me'
const post: CallOptions = { method: 'POST', json: { query: 'tent' } }

describe('502 upstream/unreachable', () => {
  test('nobody listens: the problem names the provider, and the other one is fine', async () => {
    const port = Number(new URL(rig.neuroon.url).port)
    await rig.neuroon.close()
    const answer = await rig.call(search, { headers: { origin: ORIGIN } })
    expect(answer.status).toBe(502)
    expect(answer.json).toMatchObject({
      code: 'upstream/unreachable',
      detail: 'Neuroon cannot be reached.',
    })
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect((await rig.call('/nector/api/v2/merchant/triggers')).status).toBe(200)
    await rig.neuroon.listen(port)
    expect((await rig.call(search)).status).toBe(200)
  })

  test('the connection is cut before the answer: only a read is sent once more', async () => {
    rig.neuroon.faults.cut({ path: /search/ }, 'before-headers')
    for (const [how, times] of [
      [{}, 2],
      [post, 1],
    ] as const) {
      const sent = await sentDuring(rig.neuroon, async () => {
        const answer = await rig.call(search, how)
        expect(answer.status).toBe(502)
        expect(answer.json).toMatchObject({ code: 'upstream/unreachable' })
      })
      expect(sent).toHaveLength(times)
    }
  })
})

describe('502 upstream/bad-response', () => {
  test.each([
    ['a redirect to elsewhere', { status: 302, headers: { location: 'https://evil.example/' } }],
    ['a header twice', { status: 200, headers: { etag: ['"1"', '"2"'] } }],
  ])('%s', async (_what, answer) => {
    rig.neuroon.faults.respond({ path: /search/ }, { body: '{}', ...answer })
    const received = await rig.call(search)
    expect(received.status).toBe(502)
    expect(received.json).toMatchObject({ code: 'upstream/bad-response' })
    expect(received.text).not.toContain('evil')
    expect(received.headers).not.toHaveProperty('location')
  })

  test('is none for a redirect within the provider, which is not followed', async () => {
    const headers = { location: '/api/widget/search?q=tents' }
    rig.neuroon.faults.respond({ path: /search/ }, { status: 307, headers, times: 1 })
    const sent = await sentDuring(rig.neuroon, async () => {
      const answer = await rig.call(search)
      expect(answer.status).toBe(307)
      expect(answer.headers['location']).toBe('/neuroon/api/widget/search?q=tents')
    })
    expect(sent).toHaveLength(1)
  })
})

describe('504 upstream/timeout', () => {
  test('a black hole is given five seconds, and nothing is sent twice', async () => {
    rig.neuroon.faults.delay({ path: /search|compare/ }, 30_000)
    const startedAt = performance.now()
    const sent = await sentDuring(rig.neuroon, async () => {
      const answers = await Promise.all([rig.call(search), rig.call(search, post)])
      for (const answer of answers) {
        expect(answer.status).toBe(504)
        expect(answer.json).toMatchObject({
          code: 'upstream/timeout',
          detail: 'Neuroon did not answer in time.',
        })
      }
    })
    expect(sent).toHaveLength(2)
    expect(performance.now() - startedAt).toBeLessThan(9_000)
  })
})

describe('a broken transfer', () => {
  test.each([
    ['with a length', JSON.stringify({ text: 'x'.repeat(5000) })],
    ['in pieces', () => pieces()],
  ])('follows where the upstream is cut in the middle of a body %s', async (_what, body) => {
    rig.neuroon.faults.respond({ path: /search/ }, { status: 200, body })
    rig.neuroon.faults.cut({ path: /search/ }, 'mid-body')
    await expect(rig.call(search)).rejects.toThrow()
  })

  test('is not followed by anything: the next call is served', async () => {
    expect((await rig.call(search)).status).toBe(200)
  })

  async function* pieces(): AsyncGenerator<string> {
    yield '{"text":"'
    yield 'and so on"}'
  }
})

describe('the upstream’s own errors', () => {
  test.each([400, 402, 403, 404, 409, 410, 418, 422, 429, 500, 502, 503, 504])(
    '%i passes through with its body, and nothing is sent or made again',
    async (status) => {
      const headers = { 'retry-after': '17', 'content-type': 'text/plain' }
      for (const path of [search, mine]) {
        const emulator = path === mine ? rig.nector : rig.neuroon
        const as = await rig.session(ALICE.customer)
        await rig.call(path, { as })
        emulator.faults.respond({}, { status, headers, body: 'their own words' })
        const sent = await sentDuring(emulator, async () => {
          const answer = await rig.call(path, { as })
          expect(answer.status).toBe(status)
          expect(answer.text).toBe('their own words')
          expect(answer.headers).toMatchObject(headers)
          expect(answer.headers['cache-control']).toBe('private, no-store')
          expect(answer.headers).not.toHaveProperty('proxy-status')
          expect(answer.headers).not.toHaveProperty('set-cookie')
          expect(answer.headers).not.toHaveProperty('server')
        })
        expect(sent).toHaveLength(1)
      }
      // A 429 is obeyed.
      clock.advance(17_000)
    },
  )

  test('a compressed answer passes as it is', async () => {
    const body = gzipSync('{"compressed":true}')
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' }
    rig.neuroon.faults.respond({ path: /search/ }, { status: 200, headers, body })
    const answer = await rig.call(search, { headers: { 'accept-encoding': 'gzip, br' } })
    expect(lastSent(rig.neuroon).headers['accept-encoding']).toBe('gzip, br')
    expect(answer.headers['content-encoding']).toBe('gzip')
    expect(answer.headers['content-length']).toBe(String(body.length))
  })

  test('an answer of some size passes whole', async () => {
    const body = 'x'.repeat(5_000_000)
    rig.neuroon.faults.respond({ path: /search/ }, { status: 200, body })
    expect((await rig.call(search)).text).toBe(body)
  })
})

describe('a refused credential', () => {
  test('200: a widget token is made again and the call is sent once more', async () => {
    await rig.call(search)
    rig.neuroon.faults.revokeEverything()
    clock.advance(1000)
    for (const how of [{}, post]) {
      rig.neuroon.faults.revokeEverything()
      clock.advance(1000)
      const sent = await sentDuring(rig.neuroon, async () => {
        expect((await rig.call(search, how)).status).toBe(200)
      })
      expect(sent.map(({ status }) => status)).toEqual([401, 200])
      expect(sent[1]?.body).toBe(sent[0]?.body)
      expect(sent[1]?.headers['x-widget-token']).not.toBe(sent[0]?.headers['x-widget-token'])
    }
  })

  test('200: a lead token is made again here, without a look-up', async () => {
    const as = await rig.session(ALICE.customer)
    await rig.call(mine, { as })
    rig.nector.faults.revokeEverything()
    clock.advance(1000)
    const sent = await sentDuring(rig.nector, async () => {
      expect((await rig.call(mine, { as })).status).toBe(200)
    })
    expect(sent.map(({ status }) => status)).toEqual([401, 200])
    expect(sent.filter(({ headers }) => 'x-leaddigest' in headers)).toEqual([])
  })

  test('200: one is made for all who wait, and none is sent more than twice', async () => {
    await rig.call(search)
    rig.neuroon.faults.revokeEverything()
    clock.advance(1000)
    const sent = await sentDuring(rig.neuroon, async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => rig.call(`${search}&n=${n}`)),
      )
      for (const { status } of answers) expect(status).toBe(200)
    })
    const refused = sent.filter(({ status }) => status === 401)
    expect(sent).toHaveLength(20 + refused.length)
    expect(new Set(sent.map(({ headers }) => headers['x-widget-token'])).size).toBe(2)
  })

  test.each([
    ['a search', search, {}, 'neuroon', 2],
    ['a click, which may not be sent twice', '/api/widget/track/click', click(), 'neuroon', 1],
    [
      'a server’s call: a key cannot be made again',
      '/api/plugin/shops/me',
      { as: keys.plugin },
      'neuroon',
      1,
    ],
    ['a server’s read', '/api/v2/merchant/orders', { as: keys.backend }, 'nector', 1],
    ['content', '/api/v2/merchant/triggers', {}, 'nector', 1],
  ] as const)('502 upstream/credential-rejected: %s', async (_what, path, how, provider, times) => {
    await rig.call(path, how)
    clock.advance(1000)
    const headers = { 'www-authenticate': 'Basic realm="theirs"' }
    rig[provider].faults.respond({}, { status: 401, headers, body: 'their own words' })
    const sent = await sentDuring(rig[provider], async () => {
      const answer = await rig.call(path, how)
      expect(answer.status).toBe(502)
      expect(answer.json).toMatchObject({ code: 'upstream/credential-rejected' })
      expect(answer.headers).not.toHaveProperty('www-authenticate')
      expect(answer.text).not.toContain('their')
    })
    expect(sent).toHaveLength(times)
  })

  test('502 for a shopper whose token is refused twice; then a rest, without a call', async () => {
    const as = await rig.session(ALICE.customer)
    await rig.call(mine, { as })
    clock.advance(1000)
    rig.nector.faults.respond({}, { status: 401, body: {} })
    const sent = await sentDuring(rig.nector, async () => {
      for (let time = 0; time < 3; time += 1) {
        const answer = await rig.call(mine, { as })
        expect(answer.status).toBe(502)
        expect(answer.json).toMatchObject({ code: 'upstream/credential-rejected' })
      }
    })
    expect(targets(sent)).toHaveLength(2)
  })

  test('502 once the shop key is gone; 200 as soon as it is back', async () => {
    const as = keys.plugin
    rig.neuroon.faults.respond({ path: /me$/ }, { status: 401, times: 1 })
    expect((await rig.call('/api/plugin/shops/me', { as })).status).toBe(502)
    expect((await rig.call('/api/plugin/shops/me', { as })).status).toBe(200)
  })
})

describe('a lead that is gone', () => {
  test('422 passes through; the next call after the rest looks it up again', async () => {
    const other = 'dddddddd-0000-4000-8000-000000000001'
    rig.nector.addLead({ id: other, customerId: 'shopify-3001', name: 'Cleo' })
    const as = await rig.session('3001')
    expect((await rig.call(mine, { as })).status).toBe(200)
    const renewed = 'dddddddd-0000-4000-8000-000000000002'
    rig.nector.recreateLead('shopify-3001', renewed)
    expect((await rig.call(mine, { as })).status).toBe(422)
    clock.advance(10_000)
    const answer = await rig.call(mine, { as })
    expect(answer.json).toMatchObject({ data: { item: { _id: renewed } } })
  })
})

function click(): CallOptions {
  return { method: 'POST', json: { searchLogId: 'sl_1', productId: 'fk-101' } }
}
