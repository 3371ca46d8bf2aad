/** What a browser needs to be allowed: preflights answered here, and CORS on every answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ORIGIN, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.close())

const search = '/neuroon/api/widget/search'
const wallet = '/nector/api/v2/merchant/wallettransactions'

function preflight(path: string, method: string, more: Record<string, string> = {}) {
  const headers = {
    origin: ORIGIN,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization,x-source',
    ...more,
  }
  return rig.call(path, { method: 'OPTIONS', headers })
}

describe('a preflight', () => {
  test.each([
    [search, 'POST', 'GET, POST'],
    [search, 'GET', 'GET, POST'],
    ['/api/widget/search', 'HEAD', 'GET, POST'],
    [wallet, 'GET', 'GET, POST'],
    ['/nector/api/v2/merchant/leads/me', 'PUT', 'GET, PUT'],
    ['/session', 'DELETE', 'GET, DELETE, POST'],
  ])('204: %s for %s, without identity and without the upstream', async (path, method, methods) => {
    const answer = await preflight(path, method, { authorization: 'Bearer nobody' })
    expect(answer.status).toBe(204)
    expect(answer.text).toBe('')
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': methods,
      'access-control-allow-headers':
        'authorization, content-type, accept-language, x-source, x-widget-token, x-apikey',
      vary: 'Origin',
    })
    expect(rig.neuroon.received).toEqual([])
    expect(rig.nector.received).toEqual([])
  })

  test('204: an app’s web view', async () => {
    const answer = await preflight(search, 'GET', { origin: 'capacitor://localhost' })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe('capacitor://localhost')
  })

  test.each(['null', 'https://evil.example', 'https://www.acme.example.evil.com', `${ORIGIN}:443`])(
    '403: %s, and it is told nothing',
    async (origin) => {
      const answer = await preflight(search, 'GET', { origin })
      expect(answer.status).toBe(403)
      expect(answer.json).toMatchObject({ code: 'policy/origin-mismatch' })
      expectNoCors(answer.headers)
      expect(answer.headers['vary']).toBe('Origin')
    },
  )

  test('404: a path that nobody lists', async () => {
    expect((await preflight('/neuroon/api/tokens', 'GET')).status).toBe(404)
  })

  test('405: a method that the path does not take', async () => {
    const answer = await preflight(search, 'DELETE')
    expect(answer.status).toBe(405)
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
  })

  test('405: OPTIONS that is none', async () => {
    const answer = await rig.call(search, { method: 'OPTIONS', headers: { origin: ORIGIN } })
    expect(answer.status).toBe(405)
  })
})

describe('an answer to a listed page', () => {
  const exposed = 'Retry-After, RateLimit, RateLimit-Policy, X-Request-Id'

  test.each([
    [200, `${search}?q=tent`, {}],
    [400, `${search}?q=`, {}],
    [401, wallet, {}],
    [401, `${search}?q=tent`, { authorization: 'Bearer nobody' }],
    [404, '/neuroon/api/tokens', {}],
    [405, '/api/widget/track/click', {}],
    [400, '/nector/api/v2/merchant/triggers', { 'x-source': 'tv' }],
    [200, '/session', {}],
  ])('%i of %s can be read by it', async (status, path, more) => {
    const answer = await rig.call(path, { headers: { origin: ORIGIN, ...more } })
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': exposed,
    })
    expect(answer.headers['vary']).toMatch(/^Origin(, Accept-Language)?$/)
  })
})

describe('a call that is refused before its storefront is known', () => {
  // Without them the page would see a network error instead of the problem.
  test.each([
    [400, '/neuroon/../x', 'GET'],
    [405, search, 'PATCH'],
    [414, `/${'x'.repeat(8200)}`, 'GET'],
  ])('%i of %.20s can be read by a listed page as well', async (status, path, method) => {
    const answer = await rig.call(path, { method, headers: { origin: ORIGIN } })
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({ vary: 'Origin', 'access-control-allow-origin': ORIGIN })
  })
})

describe('an answer to anybody else', () => {
  test('names no origin: without one', async () => {
    const answer = await rig.call(`${search}?q=tent`)
    expectNoCors(answer.headers)
    expect(answer.headers['vary']).toBe('Origin, Accept-Language')
  })

  test('names no origin: an unlisted one, whatever the upstream says', async () => {
    const answer = await rig.call(`${search}?q=tent`, {
      headers: { origin: 'https://evil.example' },
    })
    expect(answer.status).toBe(403)
    expectNoCors(answer.headers)
  })
})

function expectNoCors(headers: object): void {
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
}
