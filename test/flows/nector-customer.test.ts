/** A logged-in shopper reads their own loyalty data: STOREFRONT key and lead token. */
import { createHmac } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { namedUuid } from '../../sandbox/emulators/nector/uuid.ts'
import { ALICE, BOB, ORIGIN, SIGNING_SECRET, startRig, STOREFRONT_KEY } from '../support/rig.ts'
import type { CallOptions, Rig } from '../support/rig.ts'
import { headerNames, lastSent, queryOf, sentDuring } from '../support/sent.ts'

let rig: Rig
let alice: string
beforeAll(async () => {
  rig = await startRig()
  alice = await rig.session(ALICE.customer)
})
afterEach(() => rig.nector.faults.clear())
afterAll(() => rig.close())

const base = '/api/v2/merchant'
const transaction = namedUuid(`transaction:${ALICE.id}:0`)
const itsTransaction = namedUuid(`transaction:${BOB.id}:0`)
const own = { lead_id: [ALICE.id] }

/** Every customer read of wire facts §2.6, and the query that has to go out. */
const routes: readonly [path: string, sentPath: string, query: object][] = [
  ['/leads/me', `/leads/${ALICE.id}`, {}],
  [`/leads/${ALICE.id}`, `/leads/${ALICE.id}`, {}],
  ['/activities', '/activities', own],
  ['/coupons', '/coupons', own],
  [`/coupons/${namedUuid(`coupon:${ALICE.id}:0`)}`, '', own],
  ['/wallettransactions', '/wallettransactions', own],
  ['/wallettransactions?page=1&limit=2&sort=created_at&sort_op=ASC', '/wallettransactions', own],
  [`/wallettransactions?lead_id=${ALICE.id}`, '/wallettransactions', own],
  [`/wallettransactions/${transaction}`, '', own],
  ['/creditwallettransactions', '/creditwallettransactions', own],
  ['/referrals', '/referrals', { referred_by_lead_id: [ALICE.id] }],
  [`/referrals?referred_to_lead_id=${ALICE.id}`, '/referrals', { referred_to_lead_id: [ALICE.id] }],
  [`/referrals/${namedUuid(`referral:${ALICE.id}:0`)}`, '', { referred_by_lead_id: [ALICE.id] }],
  ['/orders', '/orders', {}],
  [`/orders?lead_id=${ALICE.id}`, '/orders', own],
  [`/orders/${namedUuid(`order:${ALICE.id}:0`)}`, '', {}],
  ['/offers', '/offers', {}],
  [`/offers/${namedUuid('offer:5 € off')}`, '', {}],
]

describe('200', () => {
  test.each(routes)('GET %s, through the prefix and at the root', async (path, to, query) => {
    for (const start of ['', '/nector']) {
      const answer = await call(start + base + path)
      expect(answer.status).toBe(200)
      const sent = lastSent(rig.nector)
      expect(sent.path.split('?', 1)[0]).toBe(base + (to === '' ? path : to))
      expect(queryOf(sent)).toMatchObject(query)
      expect(sent.headers['x-apikey']).toBe(STOREFRONT_KEY)
      expect(headerNames(sent)).toEqual(['via', 'x-apikey', 'x-leadtoken', 'x-source'])
      expect(claimsOf(sent.headers['x-leadtoken'])).toMatchObject({ lead_id: ALICE.id })
    }
  })

  test('leads/me is the shopper’s own, with the balance as the text it is', async () => {
    const answer = await call(`/nector${base}/leads/me`)
    expect(answer.json).toMatchObject({
      data: { item: { _id: ALICE.id, customer_id: ALICE.customerId, available: '320' } },
    })
  })

  test('what the caller forges goes nowhere', async () => {
    await call(`${base}/coupons`, {
      headers: {
        origin: ORIGIN,
        referer: `${ORIGIN}/account`,
        cookie: 'sid=1',
        'x-apikey': 'whatever-the-widget-holds',
        'x-leadtoken': 'forged',
        'x-leaddigest': 'f'.repeat(64),
        'x-timestamp': '1715000000',
        'x-workspaceid': 'forged',
        'x-apikey-algo': 'forged',
        'x-forwarded-for': '10.0.0.1',
      },
    })
    const sent = lastSent(rig.nector)
    expect(headerNames(sent)).toEqual(['via', 'x-apikey', 'x-leadtoken', 'x-source'])
    expect(JSON.stringify(sent.headers)).not.toContain('forged')
  })

  test.each([
    [undefined, 'web'],
    ['web', 'web'],
    ['mobile', 'mobile'],
  ])('x-source %s is %s upstream', async (value, source) => {
    const headers: Record<string, string> = value === undefined ? {} : { 'x-source': value }
    expect((await call(`${base}/coupons`, { headers })).status).toBe(200)
    expect(lastSent(rig.nector).headers['x-source']).toBe(source)
  })

  test('belongs to one shopper, so nobody may keep it', async () => {
    const answer = await call(`${base}/wallettransactions`, { headers: { origin: ORIGIN } })
    expect(answer.headers['cache-control']).toBe('private, no-store')
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
    for (const name of ['set-cookie', 'server', 'x-leadtoken']) {
      expect(answer.headers).not.toHaveProperty(name)
    }
  })

  test('two shoppers at once each see their own', async () => {
    const bob = await rig.session(BOB.customer)
    const asked = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? alice : bob))
    const answers = await Promise.all(
      asked.map((as) => rig.call(`${base}/leads/me`, { as }).then(({ json }) => json)),
    )
    for (const [n, json] of answers.entries()) {
      const lead = n % 2 === 0 ? ALICE : BOB
      expect(json).toMatchObject({ data: { item: { _id: lead.id, name: lead.name } } })
    }
  })

  test('HEAD goes up with the same proof', async () => {
    rig.nector.faults.respond({ method: 'HEAD' }, { status: 200, body: { ok: true } })
    const answer = await call(`${base}/leads/me`, { method: 'HEAD' })
    expect(answer.status).toBe(200)
    expect(answer.text).toBe('')
    const sent = lastSent(rig.nector)
    expect(`${sent.method} ${sent.path}`).toBe(`HEAD ${base}/leads/${ALICE.id}`)
    expect(headerNames(sent)).toEqual(['via', 'x-apikey', 'x-leadtoken', 'x-source'])
  })
})

describe('400', () => {
  test.each([
    ['another x-source', '/coupons', { 'x-source': 'desktop' }],
    ['x-source in other case', '/coupons', { 'x-source': 'Web' }],
    ['an unlisted parameter', '/coupons?wallet_id=1', {}],
    ['a parameter twice', `/coupons?lead_id=${ALICE.id}&lead_id=${BOB.id}`, {}],
    ['an encoded name', `/coupons?lead%5Fid=${BOB.id}`, {}],
    ['brackets', `/coupons?lead_id[]=${BOB.id}`, {}],
    ['a semicolon', `/coupons?page=1;lead_id=${BOB.id}`, {}],
    ['an encoded letter in the path', '/%63oupons', {}],
    ['a dot segment', '/coupons/../leads/me', {}],
  ])('%s sends nothing', async (_what, path, headers) => {
    await refused(400, 'downstream/malformed', base + path, { headers })
  })
})

describe('401', () => {
  test.each(routes)('GET %s without a session', async (path) => {
    await refused(401, 'policy/subject-required', base + path, { as: undefined })
  })

  test('says how to log in, and the same for everybody', async () => {
    const answer = await rig.call(`/nector${base}/wallettransactions`, {
      headers: { origin: ORIGIN },
    })
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="gatehouse"')
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
  })

  test.each([
    ['a lead token', leadTokenOf(ALICE.id)],
    ['a changed session', () => `${alice.slice(0, -2)}AA`],
    ['nonsense', () => 'nonsense'],
  ])('%s is no session', async (_what, make) => {
    await refused(401, 'identity/invalid', `${base}/leads/me`, { as: make() })
  })
})

describe('403', () => {
  test.each([
    ['another lead in the path', `/leads/${BOB.id}`],
    ['the own lead in other case', `/leads/${ALICE.id.toUpperCase()}`],
    ['another lead in the query', `/wallettransactions?lead_id=${BOB.id}`],
    ['another customer in the query', `/wallettransactions?customer_id=${BOB.customerId}`],
    ['another customer beside me', `/leads/me?customer_id=${BOB.customerId}`],
    ['another referrer', `/referrals?referred_by_lead_id=${BOB.id}`],
    ['another invited one', `/referrals?referred_to_lead_id=${BOB.id}`],
    ['another lead among orders', `/orders?lead_id=${BOB.id}`],
    ['an e-mail address', '/leads/me?email=bob%40example.com'],
    ['a mobile number', '/leads/me?mobile=%2B49151'],
    ['a referral code', '/leads/me?referral_code=FERN-1'],
    ['other case', `/wallettransactions?Lead_ID=${BOB.id}`],
  ])('%s', async (_what, path) => {
    await refused(403, 'policy/subject-mismatch', base + path)
  })

  test('the upstream’s own passes through: the item is another lead’s', async () => {
    const sent = await sentDuring(rig.nector, async () => {
      const answer = await call(`${base}/wallettransactions/${itsTransaction}`)
      expect(answer.status).toBe(403)
      expect(answer.json).toMatchObject({ meta: { status: 'error' } })
    })
    expect(sent).toHaveLength(1)
  })

  test('an unlisted page with a stolen session', async () => {
    const headers = { origin: 'https://evil.example' }
    await refused(403, 'policy/origin-mismatch', `${base}/leads/me`, { headers })
  })
})

describe('404', () => {
  test.each(['/viptiers', '/leads', '/wallets', '/leads/me/orders', '/', ''])(
    '%s is listed by nobody',
    async (path) => {
      const status = path === '/leads' ? 405 : 404
      const code = path === '/leads' ? 'policy/method-not-allowed' : 'policy/route-unknown'
      await refused(status, code, `/nector${base}${path}`)
    },
  )
})

describe('422', () => {
  test('the upstream’s own passes through', async () => {
    const answer = await call(`${base}/coupons/not-a-uuid`)
    expect(answer.status).toBe(422)
    expect(answer.json).toMatchObject({ data: { message: 'id is not a valid UUID' } })
  })

  test('also for a page that does not exist', async () => {
    expect((await call(`${base}/coupons?limit=1000`)).status).toBe(422)
  })
})

interface How extends Omit<CallOptions, 'as'> {
  readonly as?: string | undefined
}

function call(path: string, how: CallOptions = {}) {
  return rig.call(path, { as: alice, ...how })
}

async function refused(status: number, code: string, path: string, how: How = {}) {
  const { as = 'as' in how ? undefined : alice, ...rest } = how
  const sent = await sentDuring(rig.nector, async () => {
    const answer = await rig.call(path, { ...rest, ...(as === undefined ? {} : { as }) })
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ status, code })
  })
  expect(sent).toEqual([])
}

function claimsOf(token = ''): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

function leadTokenOf(leadId: string): () => string {
  return () => {
    const iat = Math.floor(Date.now() / 1000)
    const [header, payload] = [
      { alg: 'HS256', typ: 'JWT' },
      { lead_id: leadId, iat, exp: iat + 3600 },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const signature = createHmac('sha256', SIGNING_SECRET).update(`${header}.${payload}`)
    return `${header}.${payload}.${signature.digest('base64url')}`
  }
}
