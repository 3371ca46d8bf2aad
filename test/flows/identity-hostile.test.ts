/**
 * A logged-in shopper tries to read or spend what is somebody else's, and a foreign page tries
 * every proof that a browser attaches by itself. All of it fails, and nothing of it reaches Nector.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { namedUuid } from '../../sandbox/emulators/nector/uuid.ts'
import { routes } from '../../providers/nector/routes.ts'
import {
  appProxyQuery,
  AUDIENCE,
  claimsFor,
  createSigningKey,
  signHs256,
  SHOP,
  signAppProxy,
} from '../identity/log-in.ts'
import {
  COOKIE_ISSUER,
  everySource,
  OPEN_TRIGGER,
  OTHER_TRIGGER,
  startShopServers,
} from '../identity/shops.ts'
import type { ShopServers } from '../identity/shops.ts'
import { textOf } from '../support/json.ts'
import { ALICE, BOB, keys, ORIGIN, startRig } from '../support/rig.ts'
import type { CallOptions, Rig } from '../support/rig.ts'

const signing = createSigningKey('k1')
const api = '/nector/api/v2/merchant'
const offer_id = namedUuid('offer:Free shipping')

let rig: Rig
let servers: ShopServers
let alice: string
let bob: string
beforeAll(async () => {
  servers = await startShopServers(signing)
  rig = await startRig({ configure: everySource(servers) })
  alice = await rig.session(ALICE.customer)
  bob = await rig.session(BOB.customer)
  // Both are known from here on, so that whatever Nector gets afterwards is an attempt's.
  for (const as of [alice, bob])
    expect((await rig.call(`${api}/leads/me`, { as })).status).toBe(200)
})
afterAll(async () => {
  await rig.close()
  await servers.close()
})

interface Attempt extends CallOptions {
  readonly path: string
}

const reads: readonly [string, Attempt][] = [
  ['Bob’s lead by path', { path: `/leads/${BOB.id}` }],
  ['Bob’s lead by path in capitals', { path: `/leads/${BOB.id.toUpperCase()}` }],
  ['Bob’s lead by customer', { path: `/leads/me?customer_id=${BOB.customerId}` }],
  ['Bob’s lead by bare customer', { path: `/leads/me?customer_id=${BOB.customer}` }],
  ['Bob’s lead by gid', { path: `/leads/me?customer_id=gid://shopify/Customer/${BOB.customer}` }],
  [
    'Bob’s lead by a random id beside his customer',
    { path: `/leads/3f6c1c5e-8a57-4b0e-9a39-0d9c1d0b7a11?customer_id=${BOB.customerId}` },
  ],
  [
    'Bob’s lead by own id beside his customer',
    { path: `/leads/${ALICE.id}?customer_id=${BOB.customerId}` },
  ],
  ['Bob’s lead by e-mail', { path: '/leads/me?email=bob%40example.com' }],
  ['Bob’s lead by mobile', { path: '/leads/me?mobile=%2B491' }],
  ['Bob’s lead by referral code', { path: '/leads/me?referral_code=BOB' }],
  ['Bob’s lead by e-mail in capitals', { path: '/leads/me?EMAIL=bob%40example.com' }],
  ['Bob’s lead by encoded name', { path: `/leads/me?customer%5Fid=${BOB.customerId}` }],
  ['Bob’s lead by list', { path: `/leads/me?customer_id[]=${BOB.customerId}` }],
  [
    'both customers',
    { path: `/leads/me?customer_id=${ALICE.customerId}&customer_id=${BOB.customerId}` },
  ],
  [
    'both customers with a semicolon',
    { path: `/leads/me?customer_id=${ALICE.customerId};customer_id=${BOB.customerId}` },
  ],
  [
    'both customers with a comma',
    { path: `/leads/me?customer_id=${ALICE.customerId},${BOB.customerId}` },
  ],
  ['both leads with a NUL', { path: `/activities?lead_id=${ALICE.id}%00${BOB.id}` }],
  ['a walk to Bob', { path: `/leads/me/../${BOB.id}` }],
  ['an encoded walk to Bob', { path: `/leads/me%2f..%2f${BOB.id}` }],
  ['a walk with a backslash', { path: `/leads/me\\..\\${BOB.id}` }],
  ['a path parameter', { path: `/leads/me;id=${BOB.id}` }],
  [
    'a header with his id',
    { path: `/leads/me`, headers: { 'x-gatehouse-customer': BOB.customer } },
  ],
  ...[
    'activities',
    'coupons',
    'wallettransactions',
    'creditwallettransactions',
    'orders',
    'offers',
  ].map((list): [string, Attempt] => [`Bob’s ${list}`, { path: `/${list}?lead_id=${BOB.id}` }]),
  ['Bob’s wallet by customer', { path: `/wallettransactions?customer_id=${BOB.customerId}` }],
  [
    'Bob’s wallet by own and his',
    { path: `/wallettransactions?lead_id=${ALICE.id}&customer_id=${BOB.customerId}` },
  ],
  ['Bob’s wallet by camel case', { path: `/wallettransactions?leadId=${BOB.id}` }],
  ['Bob’s wallet by dash', { path: `/wallettransactions?lead-id=${BOB.id}` }],
  ['a wallet by its id', { path: '/wallettransactions?wallet_id=w1' }],
  ['whom Bob has invited', { path: `/referrals?referred_by_lead_id=${BOB.id}` }],
  ['who invited Bob', { path: `/referrals?referred_to_lead_id=${BOB.id}` }],
  ['Bob among the reviews', { path: `/reviews?lead_id=${BOB.id}` }],
  ['Bob’s e-mail among the questions', { path: '/qnas?email=bob%40example.com' }],
  ['Bob’s coupons', { path: `/coupons/3f6c1c5e-8a57-4b0e-9a39-0d9c1d0b7a11?lead_id=${BOB.id}` }],
]

const post = (path: string, json: unknown): Attempt => ({ path, method: 'POST', json })
const text = (path: string, body: string, type = 'application/json'): Attempt => ({
  path,
  method: 'POST',
  body,
  headers: { 'content-type': type },
})
const redeem = '/offerredeems'

const spends: readonly [string, Attempt][] = [
  ['Bob’s lead', post(redeem, { offer_id, lead_id: BOB.id })],
  ['Bob’s customer', post(redeem, { offer_id, customer_id: BOB.customerId })],
  ['Bob’s bare customer', post(redeem, { offer_id, customer_id: BOB.customer })],
  ['Bob’s gid', post(redeem, { offer_id, customer_id: `gid://shopify/Customer/${BOB.customer}` })],
  [
    'own lead, his customer',
    post(redeem, { offer_id, lead_id: ALICE.id, customer_id: BOB.customerId }),
  ],
  [
    'own customer, his lead',
    post(redeem, { offer_id, customer_id: ALICE.customerId, lead_id: BOB.id }),
  ],
  [
    'own and his lead',
    text(redeem, `{"offer_id":"${offer_id}","lead_id":"${ALICE.id}","lead_id":"${BOB.id}"}`),
  ],
  [
    'his and own lead',
    text(redeem, `{"lead_id":"${BOB.id}","offer_id":"${offer_id}","lead_id":"${ALICE.id}"}`),
  ],
  ['an escaped name', text(redeem, `{"offer_id":"${offer_id}","lead\\u005fid":"${BOB.id}"}`)],
  ['a name in capitals', post(redeem, { offer_id, LEAD_ID: BOB.id })],
  ['a name in camel case', post(redeem, { offer_id, leadId: BOB.id })],
  ['a list of ids', post(redeem, { offer_id, lead_id: [BOB.id] })],
  ['an object', post(redeem, { offer_id, lead_id: { $eq: BOB.id } })],
  ['a nested id', post(redeem, { offer_id, step: { lead_id: BOB.id } })],
  ['a nested id in a list', post(redeem, { offer_id, step: [{ customer_id: BOB.customerId }] })],
  ['an object around it', post(redeem, { data: { offer_id, lead_id: BOB.id } })],
  ['a list around it', post(redeem, [{ offer_id, lead_id: BOB.id }])],
  ['his e-mail', post(redeem, { offer_id, email: 'bob@example.com' })],
  ['his mobile', post(redeem, { offer_id, mobile: '+491' })],
  ['his referral code', post(redeem, { offer_id, referral_code: 'BOB' })],
  ['a prototype', text(redeem, `{"offer_id":"${offer_id}","__proto__":{"lead_id":"${BOB.id}"}}`)],
  ['an unknown field', post(redeem, { offer_id, amount: 0 })],
  [
    'a form',
    text(redeem, `offer_id=${offer_id}&lead_id=${BOB.id}`, 'application/x-www-form-urlencoded'),
  ],
  ['text', text(redeem, JSON.stringify({ offer_id, lead_id: BOB.id }), 'text/plain')],
  [
    'JSON of another type',
    text(redeem, JSON.stringify({ offer_id, lead_id: BOB.id }), 'application/vnd.api+json'),
  ],
  [
    'a multipart form',
    text(redeem, JSON.stringify({ offer_id, lead_id: BOB.id }), 'multipart/form-data; boundary=x'),
  ],
  [
    'UTF-16',
    text(redeem, JSON.stringify({ offer_id, lead_id: BOB.id }), 'application/json; charset=utf-16'),
  ],
  ['a byte order mark', text(redeem, `\ufeff{"offer_id":"${offer_id}","lead_id":"${BOB.id}"}`)],
  ['his lead in the query', post(`${redeem}?lead_id=${BOB.id}`, { offer_id })],
  ['his customer in the query', post(`${redeem}?customer_id=${BOB.customerId}`, { offer_id })],
  ['a public offer for his lead', post('/publicofferredeems', { offer_id, lead_id: BOB.id })],
  [
    'a public offer for his customer',
    post('/publicofferredeems', { offer_id, customer_id: BOB.customerId }),
  ],
  ['a trigger that is not open', post('/activities', { trigger_id: OTHER_TRIGGER })],
  ['no trigger', post('/activities', {})],
  ['an open trigger for Bob', post('/activities', { trigger_id: OPEN_TRIGGER, lead_id: BOB.id })],
  [
    'an open trigger, and his id in its trace',
    post('/activities', { trigger_id: OPEN_TRIGGER, trace: { customer_id: BOB.customerId } }),
  ],
  [
    'Bob’s birthday',
    { path: `/leads/${BOB.id}`, method: 'PUT', json: { metadetail: { dob: '1990-01-01' } } },
  ],
  [
    'own coins',
    {
      path: '/leads/me',
      method: 'PUT',
      json: { metadetail: { dob: '1990-01-01' }, available: '9999' },
    },
  ],
  [
    'own coins among the details',
    { path: '/leads/me', method: 'PUT', json: { metadetail: { available: '9999' } } },
  ],
  [
    'Bob’s birthday by customer',
    {
      path: `/leads/me?customer_id=${BOB.customerId}`,
      method: 'PUT',
      json: { metadetail: { dob: '1990-01-01' } },
    },
  ],
  [
    'coins out of nothing',
    post('/wallettransactions', { amount: 100, operation: 'cr', lead_id: ALICE.id }),
  ],
  [
    'Bob’s coins away',
    post('/wallettransactions', { amount: 10, operation: 'dr', lead_id: BOB.id }),
  ],
  ['credits out of nothing', post('/creditwallettransactions', { amount: 100, lead_id: ALICE.id })],
  ['a present', post('/offerrewards', { offer_id, lead_id: ALICE.id })],
  ['a public present', post('/publicofferrewards', { offer_id, lead_id: ALICE.id })],
  ['a new lead', post('/leads', { customer_id: 'shopify-1', name: 'Eve' })],
  ['a file', text('/uploads', 'x', 'image/png')],
  ['a review in Bob’s name', post('/reviews', { rating: 5, lead_id: BOB.id })],
  ['a question with his e-mail', post('/qnas', { question: 'Why?', email: 'bob@example.com' })],
  [
    'a write called a read',
    { path: redeem, method: 'GET', headers: { 'x-http-method-override': 'POST' } },
  ],
]

test('there are more than fifty of them', () => {
  expect(reads.length + spends.length).toBeGreaterThan(80)
})

describe('Alice tries to read what is Bob’s', () => {
  test.each(reads)('%s', (_what, attempt) => fails(attempt))
})

describe('Alice tries to spend what is Bob’s, or what nobody has', () => {
  test.each(spends)('%s', (_what, attempt) => fails(attempt))
})

/** Forged proofs, each of which would be Bob if it held. */
describe('Alice says that she is Bob', () => {
  const claims = claimsFor(BOB.customer, Date.now())
  const unsigned = (header: object) =>
    `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.AA`

  test.each([
    ['an unsigned token', unsigned({ alg: 'none' })],
    ['a token under a secret of hers', signHs256(claims, 'x'.repeat(40))],
    [
      'a token with a key of hers',
      signHs256(claims, 'x'.repeat(40), { jwk: { kty: 'oct', k: 'eA' } }),
    ],
    [
      'a token that says where its key is',
      signHs256(claims, 'x'.repeat(40), { jku: 'https://evil.example' }),
    ],
    ['his id', BOB.customer],
    ['a key of nobody', 'gh_made-up'],
  ])('with %s', async (_what, token) => {
    await fails({ path: '/leads/me', headers: { authorization: `Bearer ${token}` } })
  })

  test('with her session, changed into his', async () => {
    const [header, payload = '', signature] = alice.split('.')
    const changed = Buffer.from(payload, 'base64url')
      .toString()
      .replace(ALICE.customer, BOB.customer)
    const token = `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`
    await fails({ path: '/leads/me', headers: { authorization: `Bearer ${token}` } })
  })

  test('with his cookie beside her session', async () => {
    const headers = { authorization: `Bearer ${alice}`, cookie: 'sid=customer-1002' }
    await fails({ path: '/leads/me', headers })
  })

  test('with a query signed for another app', async () => {
    const parameters = [
      ['shop', SHOP],
      ['path_prefix', '/apps/gatehouse'],
      ['timestamp', String(Math.floor(Date.now() / 1000))],
      ['logged_in_customer_id', BOB.customer],
    ] as const
    const query = signAppProxy(parameters, 'the-secret-of-another-app_not-a-real-one')
    await fails({ path: `/leads/me?${query}`, headers: {} })
  })
})

describe('T25: a foreign page tries every proof that comes by itself', () => {
  const proofs: Readonly<Record<string, () => Promise<{ cookie?: string; query?: string }>>> = {
    'the session’s cookie': async () => ({ cookie: `__Host-gatehouse=${alice}` }),
    'a JWT in a cookie': async () => ({
      cookie: `shop_token=${signing.sign({ ...claimsFor(ALICE.customer, Date.now()), iss: COOKIE_ISSUER, aud: AUDIENCE })}`,
    }),
    'the cookie of forward-auth': async () => ({ cookie: 'sid=customer-1001' }),
    'Shopify’s app proxy': async () => ({ query: appProxyQuery(ALICE.customer, Date.now()) }),
  }
  const foreign: readonly Readonly<Record<string, string>>[] = [
    {},
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'null' },
    { origin: `${ORIGIN}.evil.example` },
    { origin: ORIGIN.replace('https', 'http') },
    { origin: ORIGIN.replace('www.', '') },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { referer: `${ORIGIN}/` },
    { referer: 'https://evil.example/' },
  ]
  const changes = [
    ...routes([])
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => ({ method, path: `/nector${path.replace(':id', 'me')}` })),
    { method: 'DELETE', path: '/session' },
    { method: 'POST', path: '/session' },
    { method: 'POST', path: '/neuroon/api/widget/search' },
    { method: 'POST', path: '/api/widget/track/click' },
  ]

  test.each(Object.keys(proofs))('%s', async (name) => {
    const { cookie, query } = (await proofs[name]?.()) ?? {}
    const before = received()
    for (const { method, path } of changes) {
      for (const headers of foreign) {
        const answer = await rig.call(query === undefined ? path : `${path}?${query}`, {
          method,
          headers: { ...headers, ...(cookie === undefined ? {} : { cookie }) },
          ...(method === 'DELETE' ? {} : { json: { offer_id } }),
        })
        expect([method, path, headers, answer.status]).toEqual([method, path, headers, 403])
        expect(answer.headers['access-control-allow-origin']).toBeUndefined()
      }
    }
    expect(received()).toEqual(before)
    expect(rig.nector.coinsOf(ALICE.customerId)).toBe(ALICE.available)
  })

  test.each(Object.keys(proofs))('but a page of the shop may: %s', async (name) => {
    const { cookie, query } = (await proofs[name]?.()) ?? {}
    const path = `${api}/reviews`
    const call = (headers: Record<string, string>) =>
      rig.call(query === undefined ? path : `${path}?${query}`, {
        method: 'POST',
        headers: { ...headers, ...(cookie === undefined ? {} : { cookie }) },
        json: { rating: 5, title: 'Good' },
      })
    expect((await call({ origin: ORIGIN })).status).toBe(200)
    expect((await call({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })
})

describe('what Alice may do goes out with her own ids', () => {
  const last = () => rig.nector.received.at(-1)

  test('an offer for her coins', async () => {
    const answer = await rig.call(`${api}${redeem}`, {
      method: 'POST',
      as: alice,
      json: { offer_id },
    })
    expect(answer.status).toBe(200)
    expect(last()?.body).toBe(`{"lead_id":"${ALICE.id}","offer_id":"${offer_id}"}`)
    expect(last()?.headers['x-apikey']).toContain('storefront')
    expect(last()?.headers['x-leadtoken']).toBeDefined()
    expect(rig.nector.coinsOf(ALICE.customerId)).toBe(ALICE.available - 150)
    expect(rig.nector.coinsOf(BOB.customerId)).toBe(BOB.available)
  })

  test('an open trigger', async () => {
    const json = { trigger_id: OPEN_TRIGGER, customer_id: ALICE.customer }
    const answer = await rig.call(`${api}/activities`, { method: 'POST', as: alice, json })
    expect(answer.status).toBe(200)
    expect(last()?.body).toBe(
      `{"trigger_id":"${OPEN_TRIGGER}","customer_id":"${ALICE.customerId}"}`,
    )
  })

  test('her birthday', async () => {
    const json = { metadetail: { dob: '1990-01-01' } }
    const answer = await rig.call(`${api}/leads/me`, { method: 'PUT', as: alice, json })
    expect(answer.status).toBe(200)
    expect(last()?.path).toBe(`/api/v2/merchant/leads/${ALICE.id}`)
    expect(last()?.body).toBe('{"metadetail":{"dob":"1990-01-01"}}')
  })

  test('through the app proxy, without what Shopify signed', async () => {
    const query = `limit=5&${appProxyQuery(ALICE.customer, Date.now(), [['limit', '5']]).replace('limit=5&', '')}`
    const answer = await rig.call(`${api}/activities?${query}`)
    expect(answer.status).toBe(200)
    expect(last()?.path).toBe(`/api/v2/merchant/activities?limit=5&lead_id=${ALICE.id}`)
  })

  test('a server that acts for her is her', async () => {
    const headers = { 'x-gatehouse-customer': `gid://shopify/Customer/${ALICE.customer}` }
    const as = keys.backend
    const answer = await rig.call(`${api}/leads/me`, { as, headers })
    expect(answer.json).toMatchObject({ data: { item: { _id: ALICE.id } } })
    expect(last()?.headers['x-apikey']).toContain('storefront')
    expect(answer.headers['cache-control']).toBe('private, no-store')
    const theirs = { as, headers, method: 'POST', json: { offer_id, lead_id: BOB.id } }
    expect((await rig.call(`${api}${redeem}`, theirs)).status).toBe(403)
    expect((await rig.call(`${api}/leads/${BOB.id}`, { as, headers })).status).toBe(403)
  })
})

/** Refused by the gateway, and nothing sent. */
async function fails({ path, ...how }: Attempt): Promise<void> {
  const before = received()
  const as = how.headers?.['authorization'] === undefined ? { as: alice } : {}
  const isSigned = path.includes('signature=')
  const answer = await rig.call(api + path, { ...how, ...(isSigned ? {} : as) })
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(textOf(answer.json['code'])).toMatch(/^(downstream|identity|policy)\//)
  expect(answer.text).not.toContain(BOB.id)
  expect(answer.text).not.toContain(BOB.name)
  expect(received()).toEqual(before)
}

function received(): readonly [number, number] {
  return [rig.nector.received.length, rig.neuroon.received.length]
}
