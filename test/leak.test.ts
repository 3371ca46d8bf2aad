/**
 * Nothing secret gets out (threats T26): every route is called by every kind of caller, with the
 * upstream well and in every kind of trouble. Every rig scans all that its gateway emits when it
 * closes; here is everything driven that the flows may not think of, and looked at one by one.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routes as nectorRoutes } from '../providers/nector/routes.ts'
import { routes as neuroonRoutes } from '../providers/neuroon/routes.ts'
import { ask, request } from './hostile/raw-client.ts'
import { canaryHits, formsOf } from './support/canary.ts'
import { keys, ORIGIN, startRig } from './support/rig.ts'
import type { Rig } from './support/rig.ts'

const paths = [...neuroonRoutes, ...nectorRoutes([])].map(({ method, path }) => ({
  method,
  path: path
    .replace(':shopId', 'shop_abc')
    .replace('/leads/:id', '/leads/me')
    .replaceAll(/:\w+/g, 'aaaaaaaa-0000-4000-8000-000000001001'),
}))
const own = [
  ['GET', '/session'],
  ['POST', '/session'],
  ['DELETE', '/session'],
  ['GET', '/livez'],
  ['GET', '/readyz'],
  ['GET', '/nothing-here'],
] as const

const troubles: Readonly<Record<string, (rig: Rig) => void>> = {
  none: () => undefined,
  ...Object.fromEntries(
    [401, 403, 404, 422, 429, 500, 503].map((status) => [
      `status ${status}`,
      (rig: Rig) => respond(rig, { status, body: { message: 'no' } }),
    ]),
  ),
  'HTML with 200': (rig) =>
    respond(rig, { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' }),
  'a redirect': (rig) =>
    respond(rig, { status: 302, headers: { location: 'https://evil.example/' } }),
  'a connection that is cut': (rig) => {
    for (const { faults } of [rig.neuroon, rig.nector]) faults.cut({}, 'before-headers')
  },
  'an answer that is cut': (rig) => {
    for (const { faults } of [rig.neuroon, rig.nector]) faults.cut({}, 'mid-body')
  },
}

function respond(rig: Rig, answer: Parameters<Rig['nector']['faults']['respond']>[1]): void {
  for (const { faults } of [rig.neuroon, rig.nector]) faults.respond({}, answer)
}

let rig: Rig
let session: string

beforeAll(async () => {
  rig = await startRig()
  session = await rig.session('1001')
}, 60_000)
afterAll(() => rig.close())

/** One call. What came back is seen by the rig, byte for byte. @returns how many answers it was */
async function drive(method: string, path: string, as: string | null): Promise<number> {
  const body = method === 'POST' || method === 'PUT' ? '{"customerId":"1001"}' : ''
  const lines = [
    ...(as === null ? [] : [`Authorization: Bearer ${as}`]),
    ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
    'Connection: close',
  ]
  const { answers } = await ask(rig.url, request(`${method} ${path}`, lines, body), {
    patience: 12_000,
    quiet: 2_000,
  })
  return answers.length
}

describe('no secret comes out', () => {
  test.each(Object.keys(troubles))(
    'of any route, whoever calls, when the upstream’s trouble is: %s',
    async (trouble) => {
      const callers = [null, session, keys.backend, keys.plugin, keys.powerless, 'unknown']
      troubles[trouble]?.(rig)
      let answered = 0
      for (const { method, path } of paths) {
        const relevant = trouble === 'none' ? callers : callers.slice(0, 4)
        const counts = await Promise.all(relevant.map((as) => drive(method, path, as)))
        answered += counts.reduce((sum, count) => sum + count, 0)
      }
      for (const { faults } of [rig.neuroon, rig.nector]) faults.clear()
      expect(answered).toBeGreaterThan(paths.length)
      expect(rig.leaks()).toEqual([])
    },
    120_000,
  )

  test('of the gateway’s own routes, but the session that was asked for', async () => {
    for (const [method, path] of own) {
      for (const as of [null, session, keys.plugin, keys.powerless, 'unknown']) {
        await drive(method, path, as)
      }
    }
    expect(rig.leaks()).toEqual([])
  })

  test('when a caller repeats a secret in every place a request has', async () => {
    const secret = keys.powerless
    for (const bytes of [
      request(`GET /${secret}`),
      request(`GET /api/widget/${secret}?q=a`),
      request(`GET /api/widget/search?${secret}=${secret}`),
      request(`GET /nector/api/v2/merchant/coupons?${secret}=1`, [
        `Authorization: Bearer ${session}`,
      ]),
      request(`GET /nector/api/v2/merchant/triggers?customer_id=${secret}`),
      request('GET /api/widget/search', [`Origin: https://${secret}`]),
      request('GET /api/widget/search', [`Host: ${secret}`]),
      request('GET /api/widget/search', [`X-Source: ${secret}`, `Expect: ${secret}`]),
      request('GET /nector/api/v2/merchant/triggers', [`X-Source: ${secret}`]),
      request(`${secret} /api/widget/search`),
      request('GET /api/widget/search', [`Authorization: Bearer ${secret}x`]),
      request('GET /api/widget/search', [`Authorization: Basic ${secret}`]),
      request('GET /api/widget/search', [`Cookie: __Host-gatehouse=${secret}`]),
      request('GET /api/widget/search', [`Transfer-Encoding: ${secret}`]),
      request(
        'POST /session',
        [
          `Authorization: Bearer ${keys.backend}`,
          'Content-Type: application/json',
          `Content-Length: ${secret.length}`,
        ],
        secret,
      ),
      `GET /api/widget/search HTTP/1.1\n${secret}: ${secret}\n\n`,
      `${secret}\r\n\r\n`,
    ]) {
      await ask(rig.url, bytes, { patience: 5_000 })
    }
    expect(rig.leaks()).toEqual([])
  })

  test('of what the operator’s listener does not know', async () => {
    const answer = await fetch(`${rig.gateway.adminUrl}/nothing-here`)
    expect([answer.status, await answer.text()]).toEqual([404, expect.any(String)])
    expect(rig.leaks()).toEqual([])
  })

  test('and no customer’s id is in the log or the metrics', async () => {
    const metrics = await (await fetch(`${rig.gateway.adminUrl}/metrics`)).text()
    for (const text of [rig.log(), metrics]) {
      expect(text).not.toMatch(/shopify-100[12]|"100[12]"|aaaaaaaa-0000-4000-8000-000000001001/)
    }
    expect(rig.log()).not.toContain(ORIGIN)
  })
})

describe('the scan sees a secret', () => {
  const secret = 'sk_canary/with+odd=bytes~0123'
  const bytes = Buffer.from(secret)

  test.each([
    ['as it is', `a ${secret} b`],
    ['percent-encoded', encodeURIComponent(secret)],
    ['percent-encoded throughout', [...bytes].map((byte) => `%${byte.toString(16)}`).join('')],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(secret))],
    ['in hex', bytes.toString('hex')],
    ['in upper-case hex', bytes.toString('hex').toUpperCase()],
    ['in base64', bytes.toString('base64')],
    ['in base64url', bytes.toString('base64url')],
    ['in the base64 of something longer', Buffer.from(`user:${secret}:more`).toString('base64')],
    ['in the base64 of something one byte longer', Buffer.from(`x${secret}`).toString('base64')],
    [
      'in JSON escapes',
      secret
        .split('')
        .map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
    ],
    ['backwards', secret.split('').toReversed().join('')],
  ])('%s', (_name, text) => {
    expect(canaryHits([{ place: 'here', text }], { KEY: secret })).toEqual(['KEY in here'])
  })

  test('in two chunks', () => {
    const text = `HTTP/1.1 200 OK\r\n\r\n8\r\n${secret.slice(0, 8)}\r\n15\r\n${secret.slice(8)}\r\n0\r\n\r\n`
    expect(canaryHits([{ place: 'here', text }], { KEY: secret })).toEqual(['KEY in here'])
  })

  test('wherever it begins in a long text', () => {
    for (let before = 0; before < 64; before += 1) {
      const text = `${'a'.repeat(before)}${secret}${'z'.repeat(1000)}`
      expect(canaryHits([{ place: 'here', text }], { KEY: secret })).toEqual(['KEY in here'])
    }
  })

  test('and nothing where there is none', () => {
    expect(canaryHits([{ place: 'here', text: 'sk_canary' }], { KEY: secret })).toEqual([])
    expect(() => formsOf('short')).toThrow()
  })
})
