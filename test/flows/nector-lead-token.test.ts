/** From a customer to a lead token: one look-up by digest (path B), then made here (path A). */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeClock } from '../support/fake-clock.ts'
import { ALICE, BOB, SIGNING_SECRET, startRig, STOREFRONT_KEY } from '../support/rig.ts'
import type { Rig, RigOptions } from '../support/rig.ts'
import { headerNames, queryOf, sentDuring } from '../support/sent.ts'

const HOUR = 3_600_000
const base = '/api/v2/merchant'

describe('the first call of a shopper', () => {
  const clock = createFakeClock()
  const rig = useRig({ clock, random: () => 0 })

  test('looks the lead up by digest, and then asks with the token', async () => {
    const as = await rig().session('gid://shopify/Customer/1001')
    const sent = await sentDuring(rig().nector, async () => {
      expect((await rig().call(`${base}/coupons`, { as })).status).toBe(200)
    })
    const [lookUp, call] = sent
    if (lookUp === undefined || call === undefined) throw new Error('two calls were expected')
    expect(sent).toHaveLength(2)

    const seconds = String(Math.floor(clock.now() / 1000))
    expect(lookUp.path).toMatch(
      new RegExp(
        `^${base}/leads/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}\\?customer_id=shopify-1001$`,
      ),
    )
    expect(lookUp.headers).toMatchObject({
      'x-apikey': STOREFRONT_KEY,
      'x-source': 'web',
      'x-timestamp': seconds,
      'x-leaddigest': hmac(`1001:${seconds}`),
      'accept-encoding': 'identity',
    })
    expect(headerNames(lookUp)).toEqual([
      'accept',
      'accept-encoding',
      'x-apikey',
      'x-leaddigest',
      'x-source',
      'x-timestamp',
    ])
    expect(headerNames(call)).toEqual(['via', 'x-apikey', 'x-leadtoken', 'x-source'])
    expect(queryOf(call)).toEqual({ lead_id: [ALICE.id] })
    expect(lookUp.connection, 'a connection of its own').not.toBe(call.connection)
  })

  test('is the only look-up, whatever spelling of the customer comes next', async () => {
    for (const spelling of ['1001', 'shopify-1001', 'gid://shopify/Customer/1001']) {
      const as = await rig().session(spelling)
      const answer = await rig().call('/session', { as })
      expect(answer.json).toMatchObject({ customer: { id: '1001' } })
      const sent = await sentDuring(rig().nector, async () => {
        expect((await rig().call(`${base}/leads/me`, { as })).status).toBe(200)
      })
      expect(sent).toHaveLength(1)
    }
  })

  test('names the customer in any of its spellings', async () => {
    const as = await rig().session('1001')
    for (const spelling of ['1001', 'shopify-1001', 'gid%3A%2F%2Fshopify%2FCustomer%2F1001']) {
      const sent = await sentDuring(rig().nector, async () => {
        const answer = await rig().call(`${base}/leads/me?customer_id=${spelling}`, { as })
        expect(answer.status).toBe(200)
      })
      expect(sent.map(queryOf)).toEqual([{ customer_id: ['shopify-1001'] }])
    }
  })

  test('is renewed here for two days, without another look-up', async () => {
    const tokens = new Set<string>()
    const sent = await sentDuring(rig().nector, async () => {
      for (let hour = 0; hour < 48; hour += 1) {
        clock.advance(HOUR)
        const as = await rig().session('1001')
        expect((await rig().call(`${base}/leads/me`, { as })).status, `hour ${hour}`).toBe(200)
      }
    })
    expect(sent).toHaveLength(48)
    for (const { headers } of sent) {
      expect(headers).not.toHaveProperty('x-leaddigest')
      tokens.add(headers['x-leadtoken'] ?? '')
    }
    expect(tokens.size).toBe(48)
  })

  test('of twenty at once makes one look-up', async () => {
    const as = await rig().session(BOB.customer)
    const sent = await sentDuring(rig().nector, () =>
      Promise.all(
        Array.from({ length: 20 }, async () => {
          expect((await rig().call(`${base}/leads/me`, { as })).status).toBe(200)
        }),
      ),
    )
    expect(sent.filter(({ headers }) => 'x-leaddigest' in headers)).toHaveLength(1)
    // Those that arrive together share an answer.
    expect(sent.length).toBeLessThanOrEqual(21)
  })

  test('no digest goes along with a token, and none is sent twice', () => {
    const sent = rig().nector.received
    const both = sent.filter(({ headers }) => 'x-leaddigest' in headers && 'x-leadtoken' in headers)
    expect(both).toEqual([])
    const digests = sent.flatMap(({ headers }) => headers['x-leaddigest'] ?? [])
    expect(new Set(digests).size).toBe(digests.length)
  })
})

describe.each(['top', 'data', 'item'] as const)('a lead_token at %s', (leadTokenPlace) => {
  const rig = useRig({ nector: { leadTokenPlace } })

  test('is found', async () => {
    const as = await rig().session(ALICE.customer)
    expect((await rig().call(`${base}/leads/me`, { as })).status).toBe(200)
  })
})

describe('a storefront with a workspace and prefixed digests', () => {
  const rig = useRig({
    nector: { workspaceId: 'shopify-acme', digestId: 'prefixed' },
    configure: (yaml) =>
      yaml.replace(
        'customer: shopify\n',
        'customer: shopify\n        workspaceId: shopify-acme\n        digestId: prefixed\n',
      ),
  })

  test('sends x-workspaceid with the look-up and with every call', async () => {
    const as = await rig().session(ALICE.customer)
    const sent = await sentDuring(rig().nector, async () => {
      expect((await rig().call(`${base}/leads/me`, { as })).status).toBe(200)
    })
    expect(sent.map(({ headers }) => headers['x-workspaceid'])).toEqual([
      'shopify-acme',
      'shopify-acme',
    ])
    const [lookUp] = sent
    expect(lookUp?.headers['x-leaddigest']).toBe(
      hmac(`shopify-1001:${lookUp?.headers['x-timestamp']}`),
    )
  })

  test('says mobile from the look-up on where the caller is an app', async () => {
    const as = await rig().session(BOB.customer)
    const headers = { 'x-source': 'mobile' }
    const sent = await sentDuring(rig().nector, async () => {
      expect((await rig().call(`${base}/leads/me`, { as, headers })).status).toBe(200)
    })
    expect(sent.at(-1)?.headers['x-source']).toBe('mobile')
  })
})

describe.each([
  ['woocommerce', 'woocommerce-7', 'woocommerce-7'],
  ['custom_website', 'custom_website-7', '7'],
  ['external', 'c.7_x-Y', 'c.7_x-Y'],
] as const)('a storefront whose customers are %s', (platform, customerId, spelling) => {
  const rig = useRig({
    nector: { platform, leads: [{ ...ALICE, customerId }] },
    configure: (yaml) => yaml.replace('customer: shopify', `customer: ${platform}`),
  })

  test(`asks for ${customerId}`, async () => {
    const as = await rig().session(spelling)
    const sent = await sentDuring(rig().nector, async () => {
      const answer = await rig().call(`${base}/leads/me`, { as })
      expect(answer.json).toMatchObject({ data: { item: { customer_id: customerId } } })
    })
    expect(sent.slice(0, 1).map(queryOf)).toEqual([{ customer_id: [customerId] }])
  })
})

describe('404 tokens/customer-unknown', () => {
  const clock = createFakeClock()
  const rig = useRig({ clock, random: () => 0 })

  test('for a shopper who is not enrolled', async () => {
    const as = await rig().session('4711')
    const sent = await sentDuring(rig().nector, async () => {
      const answer = await rig().call(`${base}/leads/me`, { as })
      expect(answer.status).toBe(404)
      expect(answer.json).toMatchObject({ code: 'tokens/customer-unknown' })
    })
    expect(sent, 'the look-up, and no call').toHaveLength(1)
  })

  test('is remembered for a moment: asking again costs nothing', async () => {
    const as = await rig().session('4711')
    const sent = await sentDuring(rig().nector, async () => {
      expect((await rig().call(`${base}/coupons`, { as })).status).toBe(404)
    })
    expect(sent).toEqual([])
  })

  test('says the same whether the customer exists or not', async () => {
    const bodies = []
    for (const customer of ['4711', '4712']) {
      clock.advance(10_000)
      const answer = await rig().call(`${base}/leads/me`, { as: await rig().session(customer) })
      bodies.push({ ...answer.json, instance: null })
    }
    expect(bodies[0]).toEqual(bodies[1])
  })

  test('ends with the enrolment', async () => {
    rig().nector.addLead({
      id: 'cccccccc-0000-4000-8000-000000004711',
      customerId: 'shopify-4711',
      name: 'C',
    })
    clock.advance(10_000)
    const answer = await rig().call(`${base}/leads/me`, { as: await rig().session('4711') })
    expect(answer.status).toBe(200)
  })
})

describe('502 and 503 of the look-up', () => {
  const clock = createFakeClock()
  const rig = useRig({ clock, random: () => 0 })

  async function ask(): Promise<Awaited<ReturnType<Rig['call']>>> {
    clock.advance(10_000)
    return rig().call(`${base}/leads/me`, { as: await rig().session(ALICE.customer) })
  }

  test.each(['token', 'item', 'both'] as const)(
    '502 tokens/exchange-mismatch where the %s of the answer is somebody else’s',
    async (swapped) => {
      rig().nector.swapExchangeAnswer(ALICE.customerId, BOB.customerId, swapped)
      // Bob is known: his lead is nobody else's.
      expect(
        (await rig().call(`${base}/leads/me`, { as: await rig().session(BOB.customer) })).status,
      ).toBe(200)
      const answer = await ask()
      rig().nector.swapExchangeAnswer(ALICE.customerId, null)
      expect(answer.status).toBe(502)
      expect(answer.json).toMatchObject({ code: 'tokens/exchange-mismatch' })
      expect(answer.text).not.toContain(BOB.id)
    },
  )

  test.each([
    ['no token', { meta: { status: 'success' }, data: { item: {} } }],
    ['an error in a 200', { meta: { status: 'error' }, data: { message: 'Something' } }],
    ['HTML', '<html>200 OK</html>'],
    ['nothing', ''],
  ])('502 tokens/exchange-refused for %s', async (_what, body) => {
    rig().nector.faults.respond({ path: /leads/ }, { status: 200, body, times: 1 })
    const answer = await ask()
    expect(answer.status).toBe(502)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-refused' })
  })

  test.each([401, 403, 400])('502 tokens/exchange-refused for %i, never a 401', async (status) => {
    rig().nector.faults.respond({ path: /leads/ }, { status, body: { data: {} }, times: 1 })
    const answer = await ask()
    expect(answer.status).toBe(502)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-refused' })
    expect(answer.headers).not.toHaveProperty('www-authenticate')
  })

  test.each([
    [429, { 'retry-after': '30' }, '30'],
    [503, {}, '5'],
    [500, { 'retry-after': '999999' }, '3600'],
  ])('503 tokens/exchange-unavailable for %i', async (status, headers, wait) => {
    rig().nector.faults.respond({ path: /leads/ }, { status, headers, body: {}, times: 1 })
    const answer = await ask()
    expect(answer.status).toBe(503)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-unavailable' })
    expect(answer.headers['retry-after']).toBe(wait)
    if (status === 429) clock.advance(Number(wait) * 1000)
  })

  test('503 where the connection is cut', async () => {
    rig().nector.faults.cut({ path: /leads/ }, 'before-headers', { times: 1 })
    const answer = await ask()
    expect(answer.status).toBe(503)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-unavailable' })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('502 for an answer without end', async () => {
    const body = { lead_token: 'x'.repeat(70 * 1024) }
    rig().nector.faults.respond({ path: /leads/ }, { status: 200, body, times: 1 })
    const answer = await ask()
    expect(answer.status).toBe(502)
    expect(answer.json).toMatchObject({ code: 'tokens/exchange-refused' })
  })

  test('200 as soon as Nector is well', async () => {
    expect((await ask()).status).toBe(200)
  })
})

function useRig(options: RigOptions): () => Rig {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig(options)
  })
  afterAll(() => rig.close())
  return () => rig
}

function hmac(message: string): string {
  return createHmac('sha256', SIGNING_SECRET).update(message).digest('hex')
}
