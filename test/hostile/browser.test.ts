import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ORIGIN } from '../support/rig.ts'
import { request } from './raw-client.ts'
import { startStand } from './stand.ts'
import type { Stand } from './stand.ts'
import { tryOn } from './trial.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand()
})
afterAll(() => stand.close())

const GET = 'GET /api/widget/search?q=a'
const PREFLIGHT = [
  'Access-Control-Request-Method: POST',
  'Access-Control-Request-Headers: content-type',
]

const foreign = [
  'null',
  'https://www.acme.example.evil.example',
  'https://evilwww.acme.example',
  'https://evil.example',
  'https://acme.example',
  'https://shop.www.acme.example',
  'http://www.acme.example',
  'https://www.acme.example:8443',
  'https://www.acme.example:443',
  'https://WWW.ACME.EXAMPLE',
  'https://www.acme.example.',
  'https://www.acme.example/',
  'https://www.acme.example, https://evil.example',
  'https://www.acme.example https://evil.example',
  ' ',
  '*',
  'https://*.acme.example',
  'https://www.acme.example%00',
  'https://user@www.acme.example',
  'capacitor://evil',
  'file://',
]

describe('a page of an origin that is not listed', () => {
  test.each(foreign)('is refused and gets no CORS headers: %s', async (origin) => {
    const { status, code, sent, answers } = await tryOn(stand, request(GET, [`Origin: ${origin}`]))
    expect({ status, code, sent }).toEqual({
      status: 403,
      code: 'policy/origin-mismatch',
      sent: [],
    })
    expect(corsOf(answers[0]?.headers)).toEqual({ vary: 'Origin' })
  })

  test.each(foreign)('has its preflight refused: %s', async (origin) => {
    const { status, sent, answers } = await tryOn(
      stand,
      request('OPTIONS /api/widget/search', [`Origin: ${origin}`, ...PREFLIGHT]),
    )
    expect({ status, sent }).toEqual({ status: 403, sent: [] })
    expect(corsOf(answers[0]?.headers)).toEqual({ vary: 'Origin' })
  })

  test('two Origin headers are 400, also when both are listed', async () => {
    const { status, sent } = await tryOn(
      stand,
      request(GET, [`Origin: ${ORIGIN}`, `Origin: ${ORIGIN}`]),
    )
    expect({ status, sent }).toEqual({ status: 400, sent: [] })
  })
})

describe('a page of a listed origin', () => {
  test.each([ORIGIN, 'capacitor://localhost'])(
    'gets exactly its own origin back: %s',
    async (origin) => {
      const { status, answers } = await tryOn(stand, request(GET, [`Origin: ${origin}`]))
      expect(status).toBe(200)
      expect(corsOf(answers[0]?.headers)).toEqual({
        vary: 'Origin',
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'Retry-After, RateLimit, RateLimit-Policy, X-Request-Id',
      })
    },
  )

  test('has its preflight answered here, without identity, and nothing is sent', async () => {
    const { status, sent, answers } = await tryOn(
      stand,
      request('OPTIONS /api/widget/search', [
        `Origin: ${ORIGIN}`,
        'Authorization: Bearer of-nobody',
        ...PREFLIGHT,
      ]),
    )
    expect({ status, sent }).toEqual({ status: 204, sent: [] })
    expect(corsOf(answers[0]?.headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, POST',
    })
  })

  test('reads a problem as well', async () => {
    const { status, answers } = await tryOn(
      stand,
      request('GET /nector/api/v2/merchant/wallettransactions', [`Origin: ${ORIGIN}`]),
    )
    expect(status).toBe(401)
    expect(corsOf(answers[0]?.headers)).toMatchObject({ 'access-control-allow-origin': ORIGIN })
  })

  test('without an Origin nothing is allowed, and Vary still says that it matters', async () => {
    const { answers } = await tryOn(stand, request(GET))
    expect(corsOf(answers[0]?.headers)).toEqual({ vary: 'Origin' })
  })
})

function corsOf(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => name === 'vary' || name.startsWith('access-control'),
    ),
  )
}
