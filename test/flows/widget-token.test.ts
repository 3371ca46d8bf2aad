/** The widget token: made here or by Neuroon, kept fresh, and given away at `/widget-token`. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeClock } from '../support/fake-clock.ts'
import { keys, ORIGIN, SHOP_KEY, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'
import { headerNames, lastSent, sentDuring, targets } from '../support/sent.ts'

const HOUR = 3_600_000
const clock = createFakeClock(1_715_000_000_400)
const issue = 'POST /api/shops/shop_abc/widget-token'
const search = '/api/widget/search?q=tent'

describe('mode local', () => {
  const rig = useRig()

  test('200: the token with its second, a day and 23 hours after it, never to be cached', async () => {
    const answer = await rig().call('/widget-token', { as: keys.backend })
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      token: tokenAt(1_715_000_000),
      issuedAt: '2024-05-06T12:53:20.000Z',
      expiresAt: '2024-05-07T12:53:20.000Z',
      refreshAt: '2024-05-07T11:53:20.000Z',
    })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(rig().neuroon.received).toEqual([])
  })

  test('the same one goes upstream with searches', async () => {
    await rig().call(search)
    expect(lastSent(rig().neuroon).headers['x-widget-token']).toBe(tokenAt(1_715_000_000))
  })

  test('one token serves for 23 hours, then another one, and never one that has ended', async () => {
    const seen = new Set<string>()
    for (let hour = 0; hour < 50; hour += 1) {
      clock.advance(HOUR)
      expect((await rig().call(search)).status, `after ${hour} hours`).toBe(200)
      seen.add(lastSent(rig().neuroon).headers['x-widget-token'] ?? '')
    }
    expect(seen.size).toBe(3)
  })

  test.each([
    ['401 without a proof', {}, 401, 'identity/missing'],
    ['401 for a page, although it is listed', { origin: ORIGIN }, 401, 'identity/missing'],
    ['403 for an unlisted page', { origin: 'https://evil.example' }, 403, 'policy/origin-mismatch'],
  ])('%s', async (_what, headers, status, code) => {
    const answer = await rig().call('/widget-token', { headers })
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ code })
  })

  test('403 without the scope', async () => {
    const answer = await rig().call('/widget-token', { as: keys.plugin })
    expect(answer.status).toBe(403)
    expect(answer.json).toMatchObject({ code: 'policy/scope-missing' })
  })

  test('403 for a shopper', async () => {
    const answer = await rig().call('/widget-token', { as: await rig().session('1001') })
    expect(answer.status).toBe(403)
    expect(answer.json).toMatchObject({ code: 'policy/channel-not-allowed' })
  })

  test('403 for a service key in a page', async () => {
    const headers = { 'sec-fetch-site': 'same-origin' }
    const answer = await rig().call('/widget-token', { as: keys.backend, headers })
    expect(answer.status).toBe(403)
    expect(answer.json).toMatchObject({ code: 'policy/channel-not-allowed' })
  })

  test('405 for POST', async () => {
    const answer = await rig().call('/widget-token', { as: keys.backend, method: 'POST' })
    expect(answer.status).toBe(405)
  })
})

describe('mode issue', () => {
  const rig = useRig('widgetToken: { mode: issue }')

  test('200: Neuroon makes it, once for all calls, with the shop key and no body', async () => {
    const sent = await sentDuring(rig().neuroon, () =>
      Promise.all(Array.from({ length: 5 }, () => rig().call(search))),
    )
    const [exchange, ...searches] = sent
    expect(targets(sent.slice(0, 1))).toEqual([issue])
    expect(searches.map(({ headers }) => headers['x-widget-token'])).toEqual(
      Array.from({ length: 5 }, () => tokenAt(clock.now() / 1000)),
    )
    if (exchange === undefined) throw new Error('nothing was issued')
    expect(exchange.headers['x-shop-api-key']).toBe(SHOP_KEY)
    expect(exchange.headers['accept-encoding']).toBe('identity')
    expect(exchange.body).toBe('')
    for (const name of ['origin', 'referer', 'authorization', 'cookie', 'x-widget-token']) {
      expect(headerNames(exchange)).not.toContain(name)
    }
    expect(exchange.connection).not.toBe(searches[0]?.connection)
  })

  test('200: the endpoint reads the times out of the token', async () => {
    const answer = await rig().call('/widget-token', { as: keys.backend })
    expect(answer.json).toMatchObject({
      token: tokenAt(clock.now() / 1000),
      issuedAt: new Date(Math.floor(clock.now() / 1000) * 1000).toISOString(),
    })
  })

  test('502: Neuroon refuses the shop key, and the problem says nothing of it', async () => {
    clock.advance(25 * HOUR)
    rig().neuroon.faults.respond({ path: /widget-token/ }, { status: 401, body: { message: 'no' } })
    const answer = await rig().call(search)
    expect(answer.status).toBe(502)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-refused' })
    expect(answer.headers).not.toHaveProperty('www-authenticate')
    rig().neuroon.faults.clear()
    clock.advance(5000)
  })

  test('503: Neuroon is down, with Retry-After', async () => {
    rig().neuroon.faults.respond(
      { path: /widget-token/ },
      { status: 503, headers: { 'retry-after': '7' } },
    )
    const answer = await rig().call(search)
    expect(answer.status).toBe(503)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-unavailable' })
    expect(answer.headers['retry-after']).toBe('7')
    rig().neuroon.faults.clear()
    clock.advance(5000)
  })

  test.each([
    ['no token', { ok: true }],
    ['a number', { token: 7 }],
    ['a token that would break a header', { token: 'a\r\nx: y' }],
  ])('502: the answer holds %s', async (_what, body) => {
    rig().neuroon.faults.respond({ path: /widget-token/ }, { status: 200, body })
    const answer = await rig().call(search)
    expect(answer.status).toBe(502)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-refused' })
    rig().neuroon.faults.clear()
    clock.advance(5000)
  })

  test('502: the answer is another shop’s token', async () => {
    const token = tokenAt(clock.now() / 1000, 'shop_xyz')
    rig().neuroon.faults.respond({ path: /widget-token/ }, { status: 200, body: { token } })
    const answer = await rig().call(search)
    expect(answer.status).toBe(502)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-mismatch' })
    rig().neuroon.faults.clear()
    clock.advance(5000)
  })

  test('200 again as soon as Neuroon is well', async () => {
    expect((await rig().call(search)).status).toBe(200)
  })
})

describe('mode local-then-issue', () => {
  const rig = useRig('widgetToken: { mode: local-then-issue }')

  test('200: made here while that is taken', async () => {
    const sent = await sentDuring(rig().neuroon, () => rig().call(search))
    expect(targets(sent)).toEqual(['GET /api/widget/search'])
  })

  test('200: a refused local token is followed by an issued one, within the call', async () => {
    clock.advance(2000)
    // Neuroon has stopped taking what is made here: only its own tokens count.
    rig().neuroon.faults.respond({ path: /search/ }, { status: 401, times: 1 })
    const sent = await sentDuring(rig().neuroon, async () => {
      expect((await rig().call(search)).status).toBe(200)
    })
    expect(targets(sent)).toEqual(['GET /api/widget/search', issue, 'GET /api/widget/search'])
  })

  test('the issued one then serves the next calls without a detour', async () => {
    const sent = await sentDuring(rig().neuroon, async () => {
      expect((await rig().call(search)).status).toBe(200)
    })
    expect(targets(sent)).toEqual(['GET /api/widget/search'])
  })

  test('502: refused twice is final', async () => {
    clock.advance(90_000)
    rig().neuroon.faults.respond({ path: /search/ }, { status: 401 })
    const sent = await sentDuring(rig().neuroon, async () => {
      const answer = await rig().call(search)
      expect(answer.status).toBe(502)
      expect(answer.json).toMatchObject({ code: 'upstream/credential-rejected' })
    })
    expect(targets(sent).filter((target) => target.startsWith('GET'))).toHaveLength(2)
  })
})

describe('browser: true', () => {
  const rig = useRig('widgetToken: { browser: true }')

  test('401 without Origin, so without a page', async () => {
    expect((await rig().call('/widget-token')).status).toBe(401)
  })

  test('403 for an unlisted page', async () => {
    const answer = await rig().call('/widget-token', {
      headers: { origin: 'https://evil.example' },
    })
    expect(answer.status).toBe(403)
    expect(answer.json).toMatchObject({ code: 'policy/origin-mismatch' })
  })

  test('200 for a listed page, with CORS; 429 when one address asks too often', async () => {
    const headers = { origin: ORIGIN }
    const answers = []
    for (let time = 0; time < 12; time += 1) {
      answers.push(await rig().call('/widget-token', { headers }))
    }
    expect(answers[0]?.status).toBe(200)
    expect(answers[0]?.json).toMatchObject({ token: tokenAt(clock.now() / 1000) })
    expect(answers[0]?.headers['access-control-allow-origin']).toBe(ORIGIN)
    const last = answers.at(-1)
    expect(last?.status).toBe(429)
    expect(last?.json).toMatchObject({ code: 'policy/rate-limited' })
    expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0)
    expect(last?.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10)
  })
})

function useRig(line = ''): () => Rig {
  let rig: Rig
  beforeAll(async () => {
    const configure = (yaml: string) =>
      line === '' ? yaml : yaml.replace('shopId: shop_abc', `$&\n        ${line}`)
    rig = await startRig({ clock, configure, random: () => 0 })
  })
  afterAll(() => rig.close())
  return () => rig
}

/** Written here once more, so that nothing of the gateway checks itself. */
function tokenAt(now: number, shopId = 'shop_abc'): string {
  const payload = `${shopId}:${Math.floor(now)}`
  const signature = createHmac('sha256', SHOP_KEY).update(payload).digest('hex')
  return Buffer.from(`${payload}:${signature}`).toString('base64url')
}
