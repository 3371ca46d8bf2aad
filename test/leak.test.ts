/**
 * Nothing secret gets out (threats T26): every route is called by every kind of caller, with the
 * upstream well and in every kind of trouble, and everything that the gateway emits is scanned for
 * every key, secret and token, in whatever clothes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routes as nectorRoutes } from '../providers/nector/routes.ts'
import { routes as neuroonRoutes } from '../providers/neuroon/routes.ts'
import { ask, request } from './hostile/raw-client.ts'
import { canaryHits, formsOf } from './support/canary.ts'
import type { Emitted } from './support/canary.ts'
import {
  keys,
  ORIGIN,
  SERVER_KEY,
  SESSION_SECRET,
  SHOP_KEY,
  SIGNING_SECRET,
  startRig,
  STOREFRONT_KEY,
  WRITE_KEY,
} from './support/rig.ts'
import type { Rig } from './support/rig.ts'

const configured = {
  SHOP_KEY,
  STOREFRONT_KEY,
  SERVER_KEY,
  WRITE_KEY,
  SIGNING_SECRET,
  SESSION_SECRET,
  BACKEND_KEY: keys.backend,
  PLUGIN_KEY: keys.plugin,
  POWERLESS_KEY: keys.powerless,
}

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
const emitted: Emitted[] = []
const session: { token: string } = { token: '' }

beforeAll(async () => {
  rig = await startRig()
  session.token = await rig.session('1001')
}, 60_000)
afterAll(() => rig.close())

/** One call, and everything that came back, byte for byte. */
async function drive(method: string, path: string, as: string | null): Promise<void> {
  const body = method === 'POST' || method === 'PUT' ? '{"customerId":"1001"}' : ''
  const lines = [
    ...(as === null ? [] : [`Authorization: Bearer ${as}`]),
    ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
    'Connection: close',
  ]
  const { text } = await ask(rig.url, request(`${method} ${path}`, lines, body), {
    patience: 12_000,
    quiet: 2_000,
  })
  emitted.push({ place: `${method} ${path}`, text })
}

/** The short-lived proofs that went upstream: as secret as the keys they are made with. */
function sentProofs(): Record<string, string> {
  const proofs = ['x-leaddigest', 'x-leadtoken', 'x-widget-token'] as const
  const sent = [...rig.neuroon.received, ...rig.nector.received].flatMap(({ headers }) =>
    proofs.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]] as const])),
  )
  return Object.fromEntries(
    new Map(sent.map(([name, value], index) => [`${name} #${index}`, value])),
  )
}

describe('no secret comes out', () => {
  test.each(Object.keys(troubles))(
    'of any route, whoever calls, when the upstream’s trouble is: %s',
    async (trouble) => {
      emitted.length = 0
      const before = rig.log().length
      const callers = [null, session.token, keys.backend, keys.plugin, keys.powerless, 'unknown']
      troubles[trouble]?.(rig)
      for (const { method, path } of paths) {
        const relevant = trouble === 'none' ? callers : callers.slice(0, 4)
        await Promise.all(relevant.map((as) => drive(method, path, as)))
      }
      for (const { faults } of [rig.neuroon, rig.nector]) faults.clear()
      emitted.push({ place: 'the log', text: rig.log().slice(before) })
      expect(emitted.length).toBeGreaterThan(paths.length)
      expect(
        canaryHits(emitted, { ...configured, SESSION: session.token, ...sentProofs() }),
      ).toEqual([])
    },
    120_000,
  )

  test('of the gateway’s own routes, but the session that was asked for', async () => {
    emitted.length = 0
    const before = rig.log().length
    for (const [method, path] of own) {
      for (const as of [null, session.token, keys.plugin, keys.powerless, 'unknown']) {
        await drive(method, path, as)
      }
    }
    emitted.push({ place: 'the log', text: rig.log().slice(before) })
    expect(canaryHits(emitted, { ...configured, SESSION: session.token })).toEqual([])
  })

  test('when a caller repeats a secret in every place a request has', async () => {
    emitted.length = 0
    const before = rig.log().length
    const secret = keys.powerless
    for (const bytes of [
      request(`GET /${secret}`),
      request(`GET /api/widget/${secret}?q=a`),
      request(`GET /api/widget/search?${secret}=${secret}`),
      request(`GET /nector/api/v2/merchant/coupons?${secret}=1`, [
        `Authorization: Bearer ${session.token}`,
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
      const { text } = await ask(rig.url, bytes, { patience: 5_000 })
      emitted.push({ place: bytes.slice(0, 40), text })
    }
    emitted.push({ place: 'the log', text: rig.log().slice(before) })
    expect(canaryHits(emitted, { POWERLESS_KEY: secret })).toEqual([])
  })

  test('of the metrics and the status', async () => {
    const pages = await Promise.all(
      ['/metrics', '/status', '/nothing-here'].map(async (path): Promise<Emitted> => {
        const answer = await fetch(rig.gateway.adminUrl + path)
        return { place: path, text: JSON.stringify([...answer.headers]) + (await answer.text()) }
      }),
    )
    expect(pages[0]?.text).toContain('gatehouse_calls_total')
    expect(canaryHits(pages, { ...configured, SESSION: session.token, ...sentProofs() })).toEqual(
      [],
    )
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

  test('and nothing where there is none', () => {
    expect(canaryHits([{ place: 'here', text: 'sk_canary' }], { KEY: secret })).toEqual([])
    expect(() => formsOf('short')).toThrow()
  })
})
