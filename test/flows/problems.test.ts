/** Errors that are ours: RFC 9457 documents with a code, whoever asks and whatever went wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problems } from '../../src/problem.ts'
import type { ProblemCode } from '../../src/problem.ts'
import { ALICE, BOB, keys, startRig } from '../support/rig.ts'
import type { Answer, CallOptions, Rig } from '../support/rig.ts'

let rig: Rig
let alice: string
beforeAll(async () => {
  rig = await startRig()
  alice = await rig.session(ALICE.customer)
})
afterAll(() => rig.close())

const nector = '/nector/api/v2/merchant'
const search = '/api/widget/search?q=tent'
const json = { customerId: '1001' }

/** Calls that end with each code, some with several reasons for it. */
const table: Partial<Record<ProblemCode, readonly (() => Promise<Answer>)[]>> = {
  'downstream/malformed': [
    () => call('/%61pi'),
    () => call('/a/../b'),
    () => call('//'),
    () => call(search, { headers: { 'x-source': 'web' }, method: 'GET', body: 'x' }),
    () => call(`${nector}/triggers`, { headers: { 'x-source': 'tv' } }),
  ],
  'downstream/uri-too-long': [() => call(`/${'x'.repeat(8200)}`)],
  'downstream/body-too-large': [
    () => call('/api/widget/track/click', { method: 'POST', body: Buffer.alloc(1024 * 1024 + 1) }),
  ],
  'downstream/unsupported-media-type': [() => call(search, { method: 'POST', body: '{}' })],
  'identity/missing': [
    () => call('/widget-token'),
    () => call('/api/plugin/shops/me'),
    () => call('/session', { method: 'POST', json }),
  ],
  'identity/invalid': [
    () => call(search, { as: 'nobody' }),
    () => call(search, { headers: { authorization: 'Basic eDp5' } }),
  ],
  'policy/route-unknown': [() => call('/'), () => call('/neuroon/api/tokens/1')],
  'policy/method-not-allowed': [
    () => call(search, { method: 'PUT' }),
    () => call(search, { method: 'PATCH' }),
  ],
  'policy/subject-required': [
    () => call(`${nector}/leads/me`),
    () => call(`${nector}/leads/me`, { as: keys.backend }),
  ],
  'policy/channel-not-allowed': [
    () => call('/widget-token', { as: alice }),
    () => call('/widget-token', { as: keys.backend, headers: { 'sec-fetch-site': 'none' } }),
  ],
  'policy/origin-mismatch': [
    () => call(search, { headers: { origin: 'https://evil.example' } }),
    () => call(search, { headers: { referer: 'https://evil.example/' } }),
  ],
  'policy/scope-missing': [() => call('/widget-token', { as: keys.powerless })],
  'policy/subject-mismatch': [
    () => call(`${nector}/leads/${BOB.id}`, { as: alice }),
    () => call(`${nector}/coupons?lead_id=${BOB.id}`, { as: alice }),
    () => call('/api/plugin/shops/other/products', { as: keys.plugin }),
  ],
  'policy/write-not-allowed': [
    () => call(`${nector}/wallettransactions`, { method: 'POST', as: alice, json: {} }),
    () => call(`${nector}/offerredeems`, { method: 'POST', as: alice, json: {} }),
  ],
  'tokens/customer-unknown': [
    async () => call(`${nector}/leads/me`, { as: await rig.session('4711') }),
    async () => call(`${nector}/coupons`, { as: await rig.session('4712') }),
  ],
}

const codes = Object.keys(table) as (keyof typeof table)[]

describe.each(codes)('%s', (code) => {
  const [status, title] = problems[code]
  const asks = table[code] ?? []

  test.each(asks.map((ask, n) => [n + 1, ask] as const))(
    `is a ${status}, way %i`,
    async (_n, ask) => {
      const answer = await ask()
      expect(answer.status).toBe(status)
      const { headers } = answer
      expect(answer.json).toEqual({
        type: `urn:gatehouse:problem:${code}`,
        title,
        status,
        detail: expect.stringMatching(/.\.$/),
        instance: headers['x-request-id'],
        code,
      })
      expect(headers).toMatchObject({
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'proxy-status': expect.stringMatching(/^gatehouse; error=[a-z_]+$/),
      })
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers['content-length']).toBe(String(Buffer.byteLength(answer.text)))
    },
  )

  test('asks who is there exactly where it is a 401', async () => {
    const answers = await Promise.all(asks.map((ask) => ask()))
    for (const { headers } of answers) {
      expect(headers['www-authenticate']).toBe(
        status === 401 ? 'Bearer realm="gatehouse"' : undefined,
      )
    }
  })
})

describe('every problem', () => {
  test('has a page of its own for its type, and one title', () => {
    const titles = codes.map((code) => problems[code][1])
    expect(new Set(titles).size).toBe(titles.length)
  })

  test('has a request id of its own, never the caller’s', async () => {
    const headers = { 'x-request-id': 'chosen-by-the-caller' }
    const [one, other] = [await call('/', { headers }), await call('/', { headers })]
    expect(one.headers['x-request-id']).not.toBe('chosen-by-the-caller')
    expect(one.headers['x-request-id']).not.toBe(other.headers['x-request-id'])
  })

  test('says nothing of what the caller sent', async () => {
    const needle = 'needle-4711'
    for (const answer of [
      await call(`/${needle}`),
      await call(`${nector}/leads/me?customer_id=${needle}`, { as: alice }),
      await call(search, { headers: { origin: `https://${needle}.example` } }),
      await call(search, { as: needle }),
    ]) {
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.text + JSON.stringify(answer.headers)).not.toContain(needle)
    }
  })

  test('has no body for HEAD', async () => {
    const answer = await call(`${nector}/leads/me`, { method: 'HEAD' })
    expect(answer.status).toBe(401)
    expect(answer.text).toBe('')
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(0)
  })
})

describe('an error that is the upstream’s', () => {
  test('is no problem of ours: its own type and no Proxy-Status', async () => {
    const answer = await call('/api/widget/search?q=')
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.headers).not.toHaveProperty('proxy-status')
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })
})

function call(path: string, how: CallOptions = {}): Promise<Answer> {
  return rig.call(path, how)
}
