import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keys, ORIGIN, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'
import { request } from './raw-client.ts'
import { startStand } from './stand.ts'
import type { Stand } from './stand.ts'
import { headerOf } from './strict-reader.ts'
import { tryOn } from './trial.ts'

let stand: Stand
let rig: Rig
beforeAll(async () => {
  stand = await startStand()
  rig = await startRig()
})
afterAll(async () => {
  await stand.close()
  await rig.close()
})

const GET = 'GET /api/widget/search?q=a'
const FORGED = 'forged-5c1e0d'

/** Everything by which an upstream could be told that somebody else is calling. */
const forged = {
  'x-leadtoken': FORGED,
  'x-leaddigest': FORGED,
  'x-timestamp': FORGED,
  'x-workspaceid': FORGED,
  'x-widget-token': FORGED,
  'x-apikey': FORGED,
  'x-shop-api-key': FORGED,
  'x-apikey-algo': FORGED,
  'x-lead-id': FORGED,
  cookie: `sid=${FORGED}`,
  x_leadtoken: FORGED,
  x_apikey: FORGED,
  'x-forwarded-for': `10.0.0.1, ${FORGED}`,
  'x-forwarded-host': FORGED,
  'x-forwarded-proto': FORGED,
  'x-real-ip': FORGED,
  forwarded: `for=${FORGED}`,
  'x-original-url': `/${FORGED}`,
  'x-rewrite-url': `/${FORGED}`,
  'x-http-method-override': FORGED,
  'x-http-method': FORGED,
  'x-method-override': FORGED,
  'proxy-authorization': `Basic ${FORGED}`,
  te: 'trailers',
  'user-agent': FORGED,
  referer: `${ORIGIN}/${FORGED}`,
  priority: 'u=0',
  dnt: '1',
}
const forgedLines = Object.entries(forged).map(([name, value]) => `${name}: ${value}`)

describe('forged credentials and forwarded headers', () => {
  test.each([
    ['a widget route', '/api/widget/search?q=a'],
    ['a content route', '/nector/api/v2/merchant/triggers'],
    ['a route with an id', '/nector/api/v2/merchant/entities/4d6c2f8e-6f0e-4a57-8d0c-0123456789ab'],
  ])('are gone on %s', async (_name, path) => {
    const { status, wrongs } = await tryOn(stand, request(`GET ${path}`, forgedLines))
    expect({ status, wrongs }).toEqual({ status: 200, wrongs: [] })
    expect(stand.recorder.bytes().toString('latin1')).not.toContain(FORGED)
  })

  test('are gone on every route that a caller can reach, whoever calls', async () => {
    const session = await rig.session('1001')
    const base = '/nector/api/v2/merchant'
    for (const [as, path] of [
      [session, `${base}/wallettransactions`],
      [session, `${base}/leads/me`],
      [session, `${base}/coupons`],
      [session, `${base}/reviews`],
      [keys.backend, `${base}/leads/aaaaaaaa-0000-4000-8000-000000001001`],
      [keys.plugin, '/neuroon/api/plugin/shops/me'],
      [keys.plugin, '/neuroon/api/plugin/shops/shop_abc/products'],
    ] as const) {
      const answer = await rig.call(path, { as, headers: forged })
      expect([path, answer.status]).toEqual([path, 200])
    }
    const received = JSON.stringify([...rig.nector.received, ...rig.neuroon.received])
    expect(received).not.toContain(FORGED)
  })

  test('are gone when no credential can be had, and nothing is sent without one', async () => {
    const closed = await startStand({
      answer: () => 'HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n',
    })
    try {
      const session = await closed.rig.session('1001')
      const { status, code } = await tryOn(
        closed,
        request('GET /nector/api/v2/merchant/wallettransactions', [
          `Authorization: Bearer ${session}`,
          ...forgedLines,
        ]),
      )
      expect({ status, code }).toEqual({ status: 503, code: 'tokens/exchange-unavailable' })
      expect(closed.recorder.bytes().toString('latin1')).not.toContain(FORGED)
      expect(closed.recorder.requests.map(({ target }) => target.split('?')[0])).toEqual([
        expect.stringMatching(/\/leads\/[0-9a-f-]{36}$/),
      ])
    } finally {
      await closed.close()
    }
  })
})

test('a proxy in a private network that is not listed is told to the operator, once', async () => {
  const fresh = await startStand()
  try {
    const lines = ['X-Forwarded-For: 192.0.2.9']
    for (let call = 0; call < 3; call += 1) await tryOn(fresh, request(GET, lines))
    expect(fresh.rig.log().match(/forwarded-headers-ignored/g)).toEqual([
      'forwarded-headers-ignored',
    ])
    expect(fresh.rig.log()).not.toContain('192.0.2.9')
  } finally {
    await fresh.close()
  }
})

describe('Connection', () => {
  test('takes off nothing that the gateway adds', async () => {
    const names =
      'x-widget-token, x-shop-api-key, x-leadtoken, x-apikey, cookie, host, via, content-length'
    const { sent, wrongs } = await tryOn(stand, request(GET, [`Connection: ${names}`]))
    expect(wrongs).toEqual([])
    expect(sent.map((request) => headerOf(request, 'x-widget-token'))).toEqual([expect.any(String)])
    expect(sent.map((request) => headerOf(request, 'host'))).toEqual([expect.any(String)])
  })

  test('takes off what it names of the caller’s own headers', async () => {
    const { sent } = await tryOn(
      stand,
      request(GET, ['Connection: close, Accept-Language', 'Accept-Language: de', 'Accept: a/b']),
    )
    expect(sent.map((request) => headerOf(request, 'accept-language'))).toEqual([null])
    expect(sent.map((request) => headerOf(request, 'accept'))).toEqual(['a/b'])
  })
})

describe('Via', () => {
  test('names this gateway after those that the call came through', async () => {
    const { sent } = await tryOn(stand, request(GET, ['Via: 1.0 fred', 'Via: 1.1 edge']))
    expect(sent.map((request) => headerOf(request, 'via'))).toEqual([
      expect.stringMatching(/^1\.0 fred, 1\.1 edge, 1\.1 gatehouse-[0-9a-f]{8}$/),
    ])
  })

  test('that names this gateway already is a loop: 508, and nothing is sent', async () => {
    const { answers } = await tryOn(stand, request(GET))
    const via = answers[0]?.headers['via'] ?? ''
    const { status, code, sent } = await tryOn(stand, request(GET, [`Via: 1.1 edge, ${via}`]))
    expect({ status, code, sent }).toEqual({ status: 508, code: 'downstream/loop', sent: [] })
  })

  test('of another gateway of this kind is a chain and no loop', async () => {
    const { status } = await tryOn(stand, request(GET, ['Via: 1.1 gatehouse-00000000']))
    expect(status).toBe(200)
  })
})

describe('a header that may be there once', () => {
  test.each([
    'Authorization',
    'Cookie',
    'Content-Type',
    'Origin',
    'Referer',
    'X-ApiKey',
    'X-Shop-API-Key',
    'X-Source',
    'Range',
    'Sec-Fetch-Site',
  ])('%s is 400 when it is there twice, also with the same value', async (name) => {
    const { status, code, sent } = await tryOn(stand, request(GET, [`${name}: a`, `${name}: a`]))
    expect({ status, code, sent }).toEqual({ status: 400, code: 'downstream/malformed', sent: [] })
  })

  test('one that may repeat arrives as one list', async () => {
    const lines = ['Accept-Language: de', 'Accept-Language: en']
    const { sent, wrongs } = await tryOn(stand, request(GET, lines))
    expect(wrongs).toEqual([])
    expect(sent.map((request) => headerOf(request, 'accept-language'))).toEqual(['de, en'])
  })
})

describe('Host', () => {
  test.each([
    ['empty', ''],
    ['with user information', 'user@gw.acme.example'],
    ['with a path', 'gw.acme.example/x'],
    ['with a query', 'gw.acme.example?x'],
    ['with a fragment', 'gw.acme.example#x'],
    ['with a backslash', 'gw.acme.example\\x'],
    ['with a space', 'gw.acme.example x'],
    ['with a comma', 'gw.acme.example, other.example'],
    ['with an underscore', 'gw_acme.example'],
    ['with a trailing dot', 'gw.acme.example.'],
    ['with an empty port', 'gw.acme.example:'],
    ['with a port that is no number', 'gw.acme.example:http'],
    ['with an encoded byte', 'gw%2eacme.example'],
    ['with a byte of eight bits', 'gw.acme\xe9.example'],
    ['with half an address', '[::1'],
  ])('%s is 400', async (_name, host) => {
    const { status, sent } = await tryOn(stand, request(GET, [`Host: ${host}`]))
    expect({ status, sent }).toEqual({ status: 400, sent: [] })
  })

  test('never goes upstream', async () => {
    const { sent } = await tryOn(stand, request(GET, ['Host: evil.example:1234']))
    expect(sent.map((request) => headerOf(request, 'host'))).toEqual([
      new URL(stand.recorder.url).host,
    ])
  })
})

describe('an absolute target', () => {
  test('that names the same authority as Host is the path alone', async () => {
    const line = 'GET http://gw.acme.example/api/widget/search?q=a'
    const { status, sent, wrongs } = await tryOn(stand, request(line))
    expect({ status, wrongs }).toEqual({ status: 200, wrongs: [] })
    expect(sent.map(({ target }) => target)).toEqual(['/api/widget/search?q=a'])
  })

  test.each([
    'http://other.example/api/widget/search?q=a',
    'http://gw.acme.example:81/api/widget/search?q=a',
    'http://user@gw.acme.example/api/widget/search?q=a',
    'http://gw.acme.example.evil.example/api/widget/search',
    'https://gw.acme.example/api/widget/search?q=a',
    'ftp://gw.acme.example/api/widget/search',
    'file:///etc/passwd',
    'http:/api/widget/search',
    'http:///api/widget/search',
    'http://gw.acme.example?/api/widget/search',
    '//gw.acme.example/api/widget/search',
    'gw.acme.example:80',
  ])('%s is 400, also where every host is served', async (target) => {
    const { status, code, sent } = await tryOn(stand, request(`GET ${target}`))
    expect({ status, code, sent }).toEqual({ status: 400, code: 'downstream/malformed', sent: [] })
  })
})

test('a foreign authority is 421', async () => {
  const strict = await startStand({
    configure: (yaml) => yaml.replace("hosts: ['*']", 'hosts: [gw.acme.example]'),
  })
  try {
    const { status, code, sent } = await tryOn(strict, request(GET, ['Host: evil.example']))
    expect({ status, code, sent }).toEqual({
      status: 421,
      code: 'downstream/misdirected',
      sent: [],
    })
    expect((await tryOn(strict, request(GET, ['Host: GW.acme.example:8443']))).status).toBe(200)
  } finally {
    await strict.close()
  }
})

describe('names that objects have', () => {
  const odd = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '__defineGetter__',
  ]

  test('as headers have no effect', async () => {
    const lines = odd.flatMap((name) => [`${name}: a`, `${name}: b`])
    const { status, wrongs } = await tryOn(stand, request(GET, lines))
    expect({ status, wrongs }).toEqual({ status: 200, wrongs: [] })
  })

  test('as query parameters pass unchanged where a query is free, and are refused where it is not', async () => {
    const query = odd.map((name) => `${name}=a`).join('&')
    const { sent } = await tryOn(stand, request(`GET /api/widget/search?${query}`))
    expect(sent.map(({ target }) => target)).toEqual([`/api/widget/search?${query}`])
    const session = await stand.rig.session('1001')
    for (const name of odd) {
      const line = `GET /nector/api/v2/merchant/coupons?${name}=a`
      const { status, sent } = await tryOn(
        stand,
        request(line, [`Authorization: Bearer ${session}`]),
      )
      expect([name, status, sent]).toEqual([name, 400, []])
    }
  })

  test.each(odd)('%s as a path is 404, and as an id goes nowhere', async (name) => {
    expect((await tryOn(stand, request(`GET /${name}`))).status).toBe(404)
    expect((await tryOn(stand, request(`GET /neuroon/${name}`))).status).toBe(404)
    const { sent } = await tryOn(stand, request(`GET /neuroon/api/plugin/shops/${name}/products`))
    expect(sent).toEqual([])
  })

  test('as JSON keys have no effect', async () => {
    const answer = await rig.call('/session', {
      method: 'POST',
      as: keys.backend,
      headers: { 'content-type': 'application/json' },
      body: '{"__proto__":{"customerId":"1001"},"constructor":1}',
    })
    expect([answer.status, answer.json['code']]).toEqual([400, 'downstream/malformed'])
  })
})

describe('what is too long', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `a${index}:b`)

  test.each([
    ['3000 header lines', request(GET, lines(3000)), 431, 'downstream/headers-too-large'],
    [
      '3000 times the same line',
      request(GET, Array(3000).fill('a:b')),
      431,
      'downstream/headers-too-large',
    ],
    ['101 header lines', request(GET, lines(101)), 431, 'downstream/headers-too-large'],
    [
      'a line of 17 KB',
      request(GET, [`x: ${'a'.repeat(17 * 1024)}`]),
      431,
      'downstream/headers-too-large',
    ],
    [
      'a name of 17 KB',
      request(GET, [`${'a'.repeat(17 * 1024)}: x`]),
      431,
      'downstream/headers-too-large',
    ],
    [
      '17 KB in 80 lines',
      request(
        GET,
        lines(80).map((line) => line + 'b'.repeat(210)),
      ),
      431,
      'downstream/headers-too-large',
    ],
    [
      '40 KB of headers',
      request(
        GET,
        lines(80).map((line) => line + 'b'.repeat(500)),
      ),
      431,
      'downstream/headers-too-large',
    ],
    [
      'a target of 8 KB and one byte',
      request(`GET /${'a'.repeat(8192)}`),
      414,
      'downstream/uri-too-long',
    ],
    ['a query of 20 KB', request(`${GET}${'a'.repeat(20_000)}`), 414, 'downstream/uri-too-long'],
    ['a target of 40 KB', request(`GET /${'a'.repeat(40_000)}`), 414, 'downstream/uri-too-long'],
  ])('%s is refused, and sends nothing', async (_name, bytes, status, code) => {
    const verdict = await tryOn(stand, bytes)
    expect([verdict.status, verdict.code, verdict.isClosed, verdict.sent]).toEqual([
      status,
      code,
      true,
      [],
    ])
  })

  test('99 lines and a query of 8 000 bytes pass', async () => {
    const { status } = await tryOn(stand, request(`${GET}${'a'.repeat(8_000)}`, lines(98)))
    expect(status).toBe(200)
  })
})
