import { createHmac } from 'node:crypto'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createNectorEmulator } from '../../sandbox/emulators/nector.ts'
import type { NectorEmulator, NectorOptions } from '../../sandbox/emulators/nector.ts'
import { ask, textOf } from './ask.ts'
import type { Asked, Question } from './ask.ts'

// wire-facts §4, computed with three independent tools.
const secret = 'nector_signing_secret_test'
const madeAt = 1_715_000_000
const rawDigest = '5cae541b63648a0692a827b78975a1c814fe17fd853583b94679eec92f6c9301'
const prefixedDigest = '1fcfa56465de1cf2cafb0b72fabafeba3de1900992d62b91fbe4b00dcfb421bb'
const leadId = '3f6c1c5e-8a57-4b0e-9a39-0d9c1d0b7a11'
const token =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJsZWFkX2lkIjoiM2Y2YzFjNWUtOGE1Ny00YjBlLTlhMzktMGQ5YzFkMGI3YTExIiwiaWF0IjoxNzE1MDAwMDAwLCJleHAiOjE3MTUwMDM2MDB9.-E-k9LBEirZdKYaa3BMzCg46_X2lKo_BorZj580yhic'

const otherLead = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
const nobody = '00000000-0000-4000-8000-000000000000'

const storefront = 'a'.repeat(64)
const server = `ak_${'b'.repeat(64)}`
const writer = `ak_${'c'.repeat(64)}`

const base = '/api/v2/merchant'
const lookUpPath = `${base}/leads/${nobody}?customer_id=shopify-12345678`
const listPath = `${base}/wallettransactions?lead_id=${leadId}`

let now: number
let emulator: NectorEmulator

async function start(options: Partial<NectorOptions> = {}): Promise<void> {
  now = madeAt * 1000
  emulator = createNectorEmulator({
    keys: [
      { apiKey: storefront, access: 'STOREFRONT', signingSecret: secret },
      { apiKey: server, access: 'SERVER' },
      { apiKey: writer, access: 'WRITE' },
    ],
    leads: [
      { id: leadId, customerId: 'shopify-12345678', name: 'Ana Silva' },
      { id: otherLead, customerId: 'shopify-99', name: 'Bea Ortiz', available: 40 },
    ],
    now: () => now,
    ...options,
  })
  await emulator.listen()
}

async function restart(options: Partial<NectorOptions>): Promise<void> {
  await emulator.close()
  await start(options)
}

beforeEach(() => start())
afterEach(() => emulator.close())

function as(apiKey: string, path: string, question: Question = {}): Promise<Asked> {
  const headers = { 'x-apikey': apiKey, 'x-source': 'web', ...question.headers }
  return ask(emulator, path, { ...question, headers })
}

function withToken(path: string, credential = token, question: Question = {}): Promise<Asked> {
  const headers = { 'x-leadtoken': credential, ...question.headers }
  return as(storefront, path, { ...question, headers })
}

function lookUp(headers: Record<string, string> = {}, path = lookUpPath): Promise<Asked> {
  const proof = { 'x-timestamp': String(madeAt), 'x-leaddigest': rawDigest }
  return as(storefront, path, { headers: { ...proof, ...headers } })
}

function digest(id: string, seconds: number | string, key = secret): string {
  return createHmac('sha256', key).update(`${id}:${seconds}`).digest('hex')
}

function jwt(claims: object, header: object = { alg: 'HS256', typ: 'JWT' }, key = secret): string {
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

function leadToken(id: string, iat = madeAt): string {
  return jwt({ lead_id: id, iat, exp: iat + 3600 })
}

function message(answer: Asked): unknown {
  return answer.body['data']?.['message']
}

function item(answer: Asked): Asked['body'] {
  return answer.body['data']?.['item'] ?? {}
}

describe('every call', () => {
  test('401 without a key, with an unknown and with a revoked one', async () => {
    const answer = await ask(emulator, listPath, { headers: { 'x-source': 'web' } })
    expect(answer.status).toBe(401)
    expect(answer.body).toEqual({
      meta: { status: 'error', code: 401 },
      data: { message: 'Invalid api key' },
    })
    expect((await as('d'.repeat(64), listPath)).status).toBe(401)
    emulator.faults.revoke(storefront)
    expect((await withToken(listPath)).status).toBe(401)
  })

  test.each(['', 'app', 'WEB', 'web, mobile'])('422 for the source %j', async (source) => {
    const answer = await withToken(listPath, token, { headers: { 'x-source': source } })
    expect(answer.status).toBe(422)
    expect(message(answer)).toBe('Source is not valid')
  })

  test('200 for both sources', async () => {
    for (const source of ['web', 'mobile']) {
      const answer = await withToken(listPath, token, { headers: { 'x-source': source } })
      expect(answer.status).toBe(200)
    }
  })

  test('401 for another workspace, or none, where one is set', async () => {
    await restart({ workspaceId: 'shopify-acme' })
    const from = async (headers: Record<string, string>): Promise<number> =>
      (await withToken(listPath, token, { headers })).status
    expect(await from({ 'x-workspaceid': 'shopify-acme' })).toBe(200)
    expect(await from({ 'x-workspaceid': 'shopify-other' })).toBe(401)
    expect(await from({})).toBe(401)
  })

  test('403 from an address that the key does not list', async () => {
    const key = { apiKey: server, access: 'SERVER' } as const
    emulator.setKeys([{ ...key, originIps: ['10.0.0.5'] }])
    expect((await as(server, `${base}/triggers`)).status).toBe(403)
    emulator.setKeys([{ ...key, originIps: ['10.0.0.5', '127.0.0.1'] }])
    expect((await as(server, `${base}/triggers`)).status).toBe(200)
    expect((await as(storefront, `${base}/triggers`)).status).toBe(401)
  })

  test('429 after 60 calls with one key, without any header', async () => {
    await restart({ quotas: true })
    for (let i = 0; i < 60; i++) expect((await as(server, `${base}/triggers`)).status).toBe(200)
    const answer = await as(server, `${base}/triggers`)
    expect(answer.status).toBe(429)
    expect(answer.body['meta']?.['status']).toBe('error')
    expect(answer.headers.get('retry-after')).toBeNull()
    expect(answer.headers.get('x-ratelimit-limit')).toBeNull()
    expect((await as(storefront, `${base}/triggers`)).status).toBe(200)
    now += 60_000
    expect((await as(server, `${base}/triggers`)).status).toBe(200)
  })

  test('the limit may be the one that was measured', async () => {
    await restart({ quotas: true, callsPerMinute: 40 })
    for (let i = 0; i < 41; i++) await as(server, `${base}/triggers`)
    expect(emulator.received.map(({ status }) => status).slice(-2)).toEqual([200, 429])
  })

  test('404 and 405 for what does not exist', async () => {
    expect((await as(server, `${base}/viptiers`)).status).toBe(404)
    expect((await as(server, `${base}/triggers`, { method: 'DELETE' })).status).toBe(405)
  })
})

describe('classes of keys', () => {
  test.each([
    '/leads',
    '/wallettransactions',
    '/creditwallettransactions',
    '/offerrewards',
    '/publicofferrewards',
  ])('403 for POST %s with a READ key, whatever else it carries', async (path) => {
    for (const key of [storefront, server]) {
      const headers = { 'x-leadtoken': token }
      const answer = await as(key, `${base}${path}`, { headers, body: { lead_id: leadId } })
      expect(answer.status).toBe(403)
      expect(message(answer)).toBe('need nector write access api key')
    }
  })

  test('SERVER and WRITE need no lead authentication, and may see everyone', async () => {
    for (const key of [server, writer]) {
      for (const id of [leadId, otherLead]) {
        expect((await as(key, `${base}/coupons?lead_id=${id}`)).status).toBe(200)
        expect((await as(key, `${base}/leads/${id}`)).status).toBe(200)
      }
    }
  })

  test('401 for STOREFRONT on every customer route without a proof', async () => {
    const paths = [
      `/leads/${leadId}`,
      ...[
        'activities',
        'coupons',
        'wallettransactions',
        'creditwallettransactions',
        'orders',
        'offers',
      ].map((name) => `/${name}?lead_id=${leadId}`),
      ...['coupons', 'wallettransactions', 'orders', 'offers', 'referrals'].map(
        (name) => `/${name}/${nobody}`,
      ),
      `/referrals?referred_by_lead_id=${leadId}`,
    ]
    for (const path of paths) {
      expect([path, (await as(storefront, `${base}${path}`)).status]).toEqual([path, 401])
    }
    const body = { lead_id: leadId }
    for (const path of ['/activities', '/offerredeems', '/publicofferredeems']) {
      expect((await as(storefront, `${base}${path}`, { body })).status).toBe(401)
    }
  })

  test('content is open to STOREFRONT, until the call names a lead', async () => {
    expect((await as(storefront, `${base}/triggers`)).status).toBe(200)
    expect((await as(storefront, `${base}/triggers?lead_id=${leadId}`)).status).toBe(401)
    expect((await withToken(`${base}/triggers?lead_id=${leadId}`)).status).toBe(200)
    expect((await withToken(`${base}/triggers?lead_id=${otherLead}`)).status).toBe(403)
    expect((await withToken(`${base}/triggers`, 'rubbish')).status).toBe(401)
  })
})

describe('lead digest', () => {
  test('200 with the golden digest over the raw id', async () => {
    const answer = await lookUp()
    expect(answer.status).toBe(200)
    expect(item(answer)).toMatchObject({ _id: leadId, customer_id: 'shopify-12345678' })
    expect(item(answer)['available']).toBe('1250')
    expect(answer.body['data']?.['lead_token']).toBe(token)
  })

  test('the right id form is a setting: 401 for the other one', async () => {
    expect((await lookUp({ 'x-leaddigest': prefixedDigest })).status).toBe(401)
    await restart({ digestId: 'prefixed' })
    expect((await lookUp({ 'x-leaddigest': prefixedDigest })).status).toBe(200)
    expect((await lookUp()).status).toBe(401)
  })

  test('a bare id is an id like any other on the platform `external`', async () => {
    await restart({
      platform: 'external',
      leads: [{ id: leadId, customerId: 'shopify-12345678', name: 'Ana' }],
    })
    expect((await lookUp()).status).toBe(401)
    expect((await lookUp({ 'x-leaddigest': prefixedDigest })).status).toBe(200)
  })

  test.each([
    [300, 200],
    [301, 401],
    [-300, 200],
    [-301, 401],
  ])('a digest that is %i s old → %i', async (age, status) => {
    now = (madeAt + age) * 1000
    expect((await lookUp()).status).toBe(status)
  })

  test.each([
    [
      'x-timestamp is not in seconds',
      'milliseconds',
      { 'x-timestamp': String(madeAt * 1000), 'x-leaddigest': digest('12345678', madeAt * 1000) },
    ],
    [
      'x-timestamp is not in seconds',
      'no number',
      { 'x-timestamp': 'now', 'x-leaddigest': digest('12345678', 'now') },
    ],
    ['wrong digest', 'another second', { 'x-timestamp': String(madeAt + 1) }],
    [
      'the digest is not 64 lower-case hex digits',
      'upper case',
      { 'x-leaddigest': rawDigest.toUpperCase() },
    ],
    [
      'the digest is not 64 lower-case hex digits',
      '63 digits',
      { 'x-leaddigest': rawDigest.slice(1) },
    ],
    ['the digest is not 64 lower-case hex digits', 'nothing', { 'x-leaddigest': '' }],
    ['wrong digest', 'another secret', { 'x-leaddigest': digest('12345678', madeAt, 'other') }],
    ['wrong digest', 'another customer', { 'x-leaddigest': digest('99', madeAt) }],
  ])('401 “%s” for %s', async (reason, _, headers: Record<string, string>) => {
    const answer = await lookUp(headers)
    expect(answer.status).toBe(401)
    expect(message(answer)).toBe(`Invalid lead digest: ${reason}`)
  })

  test('401 with a token beside it', async () => {
    const answer = await lookUp({ 'x-leadtoken': token })
    expect(answer.status).toBe(401)
    expect(message(answer)).toBe('Send either a lead digest or a lead token')
  })

  test('401 without x-timestamp', async () => {
    const headers = { 'x-leaddigest': rawDigest }
    expect((await as(storefront, lookUpPath, { headers })).status).toBe(401)
  })

  test('401 without, and with two, customer_id', async () => {
    expect((await lookUp({}, `${base}/leads/${nobody}`)).status).toBe(401)
    expect((await lookUp({}, `${lookUpPath}&customer_id=shopify-99`)).status).toBe(401)
  })

  test('401 anywhere but on the look-up', async () => {
    expect((await lookUp({}, listPath)).status).toBe(401)
    expect((await lookUp({ 'x-leadtoken': token }, listPath)).status).toBe(401)
    expect((await lookUp({}, `${base}/triggers`)).status).toBe(401)
  })

  test('401 under a key without a signing secret, and after the secret has changed', async () => {
    emulator.setSigningSecret(storefront, 'another')
    expect((await lookUp()).status).toBe(401)
    expect((await withToken(listPath)).status).toBe(401)
    emulator.setSigningSecret(storefront, secret)
    expect((await lookUp()).status).toBe(200)
    emulator.setKeys([{ apiKey: storefront, access: 'STOREFRONT' }])
    expect((await lookUp()).status).toBe(401)
    expect((await withToken(listPath)).status).toBe(401)
  })

  test('422 for a path id that is not a UUID of version 4', async () => {
    for (const id of ['me', '12345678', '3f6c1c5e-8a57-1b0e-9a39-0d9c1d0b7a11']) {
      const answer = await lookUp({}, `${base}/leads/${id}?customer_id=shopify-12345678`)
      expect(answer.status).toBe(422)
    }
  })

  test('422 "Lead does not exists" for a customer who is not enrolled', async () => {
    const headers = { 'x-leaddigest': digest('777', madeAt) }
    const answer = await lookUp(headers, `${base}/leads/${nobody}?customer_id=shopify-777`)
    expect(answer.status).toBe(422)
    expect(message(answer)).toBe('Lead does not exists')
    emulator.addLead({ id: nobody, customerId: 'shopify-777', name: 'New', available: 0 })
    const later = await lookUp(headers, `${base}/leads/${nobody}?customer_id=shopify-777`)
    expect(item(later)['available']).toBe('0')
  })

  test.each([
    ['top', (answer: Asked) => answer.body['lead_token']],
    ['data', (answer: Asked) => answer.body['data']?.['lead_token']],
    ['item', (answer: Asked) => item(answer)['lead_token']],
  ] as const)('the token sits at %s, and there alone', async (leadTokenPlace, read) => {
    await restart({ leadTokenPlace })
    const answer = await lookUp()
    expect(read(answer)).toBe(token)
    expect(answer.text.split('lead_token')).toHaveLength(2)
  })

  test('no token is answered to a token or to another class of key', async () => {
    expect((await withToken(`${base}/leads/${leadId}`)).text).not.toContain('lead_token')
    expect((await as(server, lookUpPath)).text).not.toContain('lead_token')
  })

  test('the answer may be swapped for another customer’s', async () => {
    emulator.swapExchangeAnswer('shopify-12345678', 'shopify-99')
    const swapped = await lookUp()
    expect(swapped.body['data']?.['lead_token']).toBe(leadToken(otherLead))
    expect(item(swapped)['_id']).toBe(leadId)

    emulator.swapExchangeAnswer('shopify-12345678', 'shopify-99', 'both')
    expect(item(await lookUp())['_id']).toBe(otherLead)
    emulator.swapExchangeAnswer('shopify-12345678', null)
    expect((await lookUp()).body['data']?.['lead_token']).toBe(token)
  })

  test('opaque tokens are remembered for their lead and their hour', async () => {
    await restart({ opaqueTokens: true })
    const opaque = textOf((await lookUp()).body['data']?.['lead_token'])
    expect(opaque.split('.')).toHaveLength(1)
    expect((await withToken(listPath, opaque)).status).toBe(200)
    expect((await withToken(`${base}/coupons?lead_id=${otherLead}`, opaque)).status).toBe(403)
    emulator.faults.revokeEverything()
    expect((await withToken(listPath, opaque)).status).toBe(401)
    emulator.faults.clear()
    now += 3_600_000
    expect((await withToken(listPath, opaque)).status).toBe(401)
  })
})

describe('lead token', () => {
  test('200 with the golden token, on every customer route', async () => {
    const [own] =
      (await withToken(`${base}/coupons?lead_id=${leadId}`)).text.match(/[0-9a-f-]{36}/) ?? []
    for (const path of [
      `/leads/${leadId}`,
      `/leads/${leadId}?customer_id=shopify-12345678`,
      `/coupons/${own}`,
      `/orders`,
      `/offers`,
      `/referrals?referred_by_lead_id=${leadId}`,
    ]) {
      expect([path, (await withToken(`${base}${path}`)).status]).toEqual([path, 200])
    }
  })

  const claims = { lead_id: leadId, iat: madeAt, exp: madeAt + 3600 }
  const [header = '', payload = '', signature = ''] = token.split('.')

  test.each([
    ['not a JWS', 'no JWS', 'abc'],
    ['not HS256', 'alg none', jwt(claims, { alg: 'none' })],
    [
      'not a JWS',
      'alg none without a signature',
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
    ],
    ['not HS256', 'HS512', jwt(claims, { alg: 'HS512' })],
    ['it has a critical header', 'a crit header', jwt(claims, { alg: 'HS256', crit: ['exp'] })],
    ['wrong signature', 'another secret', jwt(claims, { alg: 'HS256' }, 'other')],
    ['wrong signature', 'an empty secret', jwt(claims, { alg: 'HS256' }, '')],
    ['not a JWS', 'a padded signature', `${token}=`],
    ['not a JWS', 'a signature with stray bits', token.replace(/c$/, 'd')],
    ['wrong signature', 'a cut signature', `${header}.${payload}.${signature.slice(0, 40)}`],
    ['not a JWS', 'four parts', `${token}.x`],
    ['no exp', 'exp missing', jwt({ lead_id: leadId, iat: madeAt })],
    ['no exp', 'exp as text', jwt({ lead_id: leadId, exp: String(madeAt + 60) })],
    ['expired', 'exp now', jwt({ lead_id: leadId, exp: madeAt })],
    [
      'exp is more than an hour ahead',
      'exp more than an hour ahead',
      jwt({ lead_id: leadId, exp: madeAt + 3601 }),
    ],
    ['not valid yet', 'nbf ahead', jwt({ ...claims, nbf: madeAt + 10 })],
    ['no lead_id', 'lead_id missing', jwt({ iat: madeAt, exp: madeAt + 3600 })],
    ['the payload is not JSON', 'a payload that is no object', jwt(['x'])],
  ])('401 “%s” for %s', async (reason, _, credential) => {
    const answer = await withToken(listPath, credential)
    expect(answer.status).toBe(401)
    expect(message(answer)).toBe(`Invalid lead token: ${reason}`)
  })

  test('401 for an empty one', async () => {
    expect((await withToken(listPath, '')).status).toBe(401)
  })

  test('the hour ends on the second', async () => {
    now = (madeAt + 3599) * 1000
    expect((await withToken(listPath)).status).toBe(200)
    now = (madeAt + 3600) * 1000
    expect((await withToken(listPath)).status).toBe(401)
  })

  test.each([
    ['path', `/leads/${otherLead}`],
    ['placeholder path', `/leads/${nobody}?customer_id=shopify-12345678`],
    ['customer_id', `/leads/${leadId}?customer_id=shopify-99`],
    ['raw customer_id', `/leads/${leadId}?customer_id=12345678`],
    ['email', `/leads/${leadId}?email=bea@example.com`],
    ['lead_id', `/wallettransactions?lead_id=${otherLead}`],
    ['second lead_id', `/wallettransactions?lead_id=${leadId}&lead_id=${otherLead}`],
    ['encoded lead_id', `/wallettransactions?%6cead_id=${otherLead}`],
    ['referrals', `/referrals?referred_to_lead_id=${otherLead}`],
    ['orders', `/orders?lead_id=${otherLead}`],
  ])('403 for somebody else in the %s', async (_, path) => {
    expect((await withToken(`${base}${path}`)).status).toBe(403)
  })

  test('403 for somebody else anywhere in the body', async () => {
    for (const body of [
      { offer_id: 'x', lead_id: otherLead },
      { offer_id: 'x', customer_id: 'shopify-99' },
      { lead_id: leadId, deep: [{ down: { lead_id: otherLead } }] },
    ]) {
      expect((await withToken(`${base}/offerredeems`, token, { body })).status).toBe(403)
    }
  })

  test('403 for an item of somebody else', async () => {
    const foreign = await as(server, `${base}/coupons?lead_id=${otherLead}`)
    const [id] = foreign.text.match(/[0-9a-f-]{36}/) ?? []
    expect((await withToken(`${base}/coupons/${id}`)).status).toBe(403)
    expect((await as(server, `${base}/coupons/${id}`)).status).toBe(200)
  })

  test('422 when its lead is gone, or enrolled again under another id', async () => {
    emulator.recreateLead('shopify-12345678', nobody)
    const answer = await withToken(`${base}/leads/${leadId}`)
    expect(answer.status).toBe(422)
    expect(message(answer)).toBe('Lead does not exists')
    expect(item(await lookUp())['_id']).toBe(nobody)
    emulator.removeLead(nobody)
    expect((await lookUp()).status).toBe(422)
  })

  test('401 after revokeEverything, until one is made in a later second', async () => {
    emulator.faults.revokeEverything()
    expect((await withToken(listPath)).status).toBe(401)
    now += 1000
    expect((await withToken(listPath)).status).toBe(401)
    expect((await withToken(listPath, leadToken(leadId, madeAt + 1))).status).toBe(200)
  })

  test('401 for exactly the token that was revoked', async () => {
    emulator.faults.revoke(token)
    expect((await withToken(listPath)).status).toBe(401)
    expect((await withToken(listPath, leadToken(leadId, madeAt - 1))).status).toBe(200)
  })
})

describe('parameters', () => {
  test.each([
    `/wallettransactions?lead_id=${leadId}&colour=green`,
    `/wallettransactions?Lead_Id=${leadId}`,
    '/wallettransactions',
    `/wallettransactions?lead_id=${leadId}&page=0`,
    `/wallettransactions?lead_id=${leadId}&limit=101`,
    `/wallettransactions?lead_id=${leadId}&sort=amount`,
    `/wallettransactions?lead_id=${leadId}&sort_op=desc`,
    '/coupons/7',
    `/coupons/${nobody}`,
    '/referrals',
    `/referrals?referred_by_lead_id=${leadId}&referred_to_lead_id=${leadId}`,
  ])('422 for %s', async (path) => {
    expect((await withToken(`${base}${path}`)).status).toBe(422)
  })

  test('lists by pages, newest first', async () => {
    const path = `${listPath}&page=2&limit=5&sort=created_at&sort_op=DESC`
    const { body } = await withToken(path)
    expect(body['data']?.['count']).toBe(12)
    expect(body['data']?.['items']).toHaveLength(5)
    const oldest = await withToken(`${listPath}&limit=1&sort_op=ASC`)
    expect(oldest.text).toContain('Welcome to the club')
  })

  test('the transactions add up to what is available', async () => {
    for (const [id, coins] of [
      [leadId, 1250],
      [otherLead, 40],
    ] as const) {
      const { body } = await as(server, `${base}/wallettransactions?lead_id=${id}&limit=100`)
      const items = body['data']?.['items'] as unknown as { operation: string; amount: string }[]
      const sum = items.reduce(
        (sum, { operation, amount }) => sum + Number(amount) * (operation === 'cr' ? 1 : -1),
        0,
      )
      expect(sum).toBe(coins)
    }
  })

  test('a lead is found by the first of customer_id, referral_code, email, mobile, id', async () => {
    const path = `${base}/leads/${otherLead}`
    expect(item(await as(server, `${path}?customer_id=shopify-12345678`))['_id']).toBe(leadId)
    const code = textOf(item(await as(server, `${base}/leads/${leadId}`))['referral_code'])
    expect(item(await as(server, `${path}?referral_code=${code}`))['_id']).toBe(leadId)
    expect(item(await as(server, path))['_id']).toBe(otherLead)
    expect((await as(server, `${path}?customer_id=shopify-1`)).status).toBe(422)
  })

  test('mobile and email are masked', async () => {
    const lead = item(await as(server, `${base}/leads/${leadId}`))
    expect(lead['email']).toBe('a***@example.com')
    expect(lead['mobile']).toMatch(/^\+49\*{6}\d\d$/)
  })
})

describe('writes', () => {
  const offer = async (name: string): Promise<string> => {
    const { body } = await as(server, `${base}/aggreegatedoffers`)
    const items = body['data']?.['items'] as unknown as { _id: string; name: string }[]
    return items.find((item) => item.name === name)?._id ?? ''
  }

  test('redeeming spends coins and gives a coupon; without coins nothing happens', async () => {
    const offer_id = await offer('5 € off')
    const body = { offer_id, lead_id: leadId, step: 1 }
    const answer = await withToken(`${base}/offerredeems`, token, { body })
    expect(answer.status).toBe(200)
    expect(answer.body['data']?.['coupon']?.['lead_id']).toBe(leadId)
    expect(emulator.coinsOf('shopify-12345678')).toBe(1000)
    expect((await withToken(listPath)).body['data']?.['count']).toBe(13)

    const poor = { body: { offer_id, lead_id: otherLead } }
    const refused = await withToken(`${base}/offerredeems`, leadToken(otherLead), poor)
    expect(refused.status).toBe(422)
    expect(emulator.coinsOf('shopify-99')).toBe(40)
  })

  test('a reward costs nothing', async () => {
    const body = { offer_id: await offer('5 € off'), customer_id: 'shopify-99' }
    expect((await as(writer, `${base}/offerrewards`, { body })).status).toBe(200)
    expect(emulator.coinsOf('shopify-99')).toBe(40)
  })

  test('the WRITE key moves coins, with the same hash only once', async () => {
    const path = `${base}/wallettransactions`
    const body = { customer_id: 'shopify-99', amount: 10, operation: 'cr', hash: 'h1' }
    await as(writer, path, { body })
    await as(writer, path, { body })
    expect(emulator.coinsOf('shopify-99')).toBe(50)
    await as(writer, path, { body: { ...body, hash: 'h2', operation: 'dr' } })
    expect(emulator.coinsOf('shopify-99')).toBe(40)
    const status = async (change: object): Promise<number> =>
      (await as(writer, path, { body: { ...body, hash: 'h3', ...change } })).status
    expect(await status({ hash: 'h'.repeat(65) })).toBe(422)
    expect(await status({ amount: -5 })).toBe(422)
    expect(await status({ operation: 'dr', amount: 1000 })).toBe(422)
    expect(await status({ customer_id: 'shopify-1' })).toBe(422)
    expect((await as(writer, path, { body: 'no json' })).status).toBe(422)
  })

  test('an open trigger may be reported by a shopper, the others need the WRITE key', async () => {
    const { body } = await as(server, `${base}/triggers`)
    const triggers = body['data']?.['items'] as unknown as { _id: string; type: string }[]
    const report = (type: string, key: string): Promise<Asked> => {
      const trigger_id = triggers.find((trigger) => trigger.type === type)?._id
      const headers = { 'x-leadtoken': token }
      return as(key, `${base}/activities`, { headers, body: { trigger_id, lead_id: leadId } })
    }
    expect((await report('Open', storefront)).status).toBe(200)
    expect((await report('Open', server)).status).toBe(200)
    expect((await report('Closed', storefront)).status).toBe(403)
    expect(message(await report('Closed', server))).toBe('need nector write access api key')
    expect((await report('Closed', writer)).status).toBe(200)
    expect(emulator.coinsOf('shopify-12345678')).toBeGreaterThan(1250)
  })

  test('a lead is enrolled once', async () => {
    const body = { customer_id: 'shopify-5', name: 'Cleo' }
    expect(item(await as(writer, `${base}/leads`, { body }))['available']).toBe('0')
    const again = await as(writer, `${base}/leads`, { body })
    expect(again.status).toBe(422)
    expect(message(again)).toBe('Lead already exists')
  })

  test('a birthday is set once, and nothing else', async () => {
    const put = (body: object): Promise<Asked> =>
      withToken(`${base}/leads/${leadId}`, token, { method: 'PUT', body })
    expect((await put({ name: 'Eve' })).status).toBe(422)
    expect((await put({ metadetail: { dob: '1990-05-06' } })).status).toBe(200)
    expect((await put({ metadetail: { dob: '1991-05-06' } })).status).toBe(422)
  })
})

describe('content', () => {
  test.each([
    'triggers',
    'aggreegateddetails',
    'aggreegatedoffers',
    'reviews',
    'reviews-count',
    'qnas',
    'qnas-count',
    `entities/${nobody}`,
  ])('200 for /%s with either READ key', async (name) => {
    for (const key of [server, storefront]) {
      const answer = await as(key, `${base}/${name}`)
      expect(answer.status).toBe(200)
      expect(answer.body['meta']?.['status']).toBe('success')
    }
  })

  test('reviews and questions can be added and read', async () => {
    const body = { name: 'Ana', title: 'Good', rating: 5 }
    const id = textOf(item(await as(storefront, `${base}/reviews`, { body }))['_id'])
    expect(item(await as(storefront, `${base}/reviews/${id}`))['title']).toBe('Good')
    expect((await as(storefront, `${base}/reviews`, { body: { rating: 6 } })).status).toBe(422)
    expect((await as(storefront, `${base}/qnas`, { body: { question: 'Why?' } })).status).toBe(200)
    const upload = { headers: { 'content-type': 'image/png' }, body: new Uint8Array(10) }
    expect((await as(storefront, `${base}/uploads`, upload)).status).toBe(200)
  })

  test('further reads can be added, for customers and for all', async () => {
    await restart({
      routes: [
        { get: '/viptiers', for: 'customer' },
        { get: '/banners', for: 'content' },
      ],
    })
    expect((await as(storefront, `${base}/viptiers`)).status).toBe(401)
    expect((await withToken(`${base}/viptiers?lead_id=${leadId}`)).body['data']?.['count']).toBe(3)
    expect((await as(storefront, `${base}/banners`)).status).toBe(200)
  })
})

describe('checkout webhook', () => {
  const secretId = '1f0e9d8c-aaaa-4bbb-8ccc-0123456789ab'
  const pay = (body: object, source = 'web', id = secretId): Promise<Asked> =>
    ask(emulator, `/api/open/integrations/customcheckoutwebhook/${id}`, {
      headers: { 'x-source': source },
      body: { customer_id: 'shopify-12345678', wallet_type: 'coins', ...body },
    })
  const order = { reference_order_id: '1001' }

  beforeEach(() => restart({ checkoutSecretId: secretId }))

  test('list tells, perform spends once per order, revert gives back once', async () => {
    expect(item(await pay({ action: 'list' }))['available']).toBe('1250')
    expect((await pay({ ...order, action: 'perform', amount: 200 })).status).toBe(200)
    expect((await pay({ ...order, action: 'perform', amount: 200 })).status).toBe(422)
    expect(emulator.coinsOf('shopify-12345678')).toBe(1050)
    expect((await pay({ ...order, action: 'revert' })).status).toBe(200)
    expect((await pay({ ...order, action: 'revert' })).status).toBe(422)
    expect(emulator.coinsOf('shopify-12345678')).toBe(1250)
  })

  test('both wallets together take the credits first', async () => {
    const action = { ...order, action: 'perform', wallet_type: 'coins_and_credits', amount: 20 }
    expect(item(await pay(action))['available']).toBe('1245')
  })

  test('404 for another secret, 422 for a wrong source or body', async () => {
    expect((await pay({ action: 'list' }, 'web', nobody)).status).toBe(404)
    expect((await pay({ action: 'list' }, 'desktop')).status).toBe(422)
    expect((await pay({ action: 'list', customer_id: 'shopify-1' })).status).toBe(422)
    expect((await pay({ ...order, action: 'perform', amount: 5000 })).status).toBe(422)
    expect((await pay({ ...order, action: 'perform', amount: -5 })).status).toBe(422)
    expect((await pay({ ...order, action: 'perform', amount: 5, wallet_type: 'x' })).status).toBe(
      422,
    )
    expect((await pay({ ...order, action: 'steal', amount: 5 })).status).toBe(422)
    await restart({})
    expect((await pay({ action: 'list' })).status).toBe(404)
  })
})

describe('leaks', () => {
  test('a signing secret anywhere, and a key outside its header, are noted', async () => {
    await withToken(listPath, token, { headers: { 'x-note': secret } })
    await as(server, `${base}/triggers?key=${writer}`)
    expect(emulator.leaks).toEqual([
      `GET ${base}/wallettransactions: the signing secret of the STOREFRONT key in header x-note`,
      `GET ${base}/triggers: the WRITE key in target`,
    ])
  })

  test('ordinary calls leak nothing', async () => {
    await withToken(listPath)
    await lookUp()
    expect(emulator.leaks).toEqual([])
  })
})

describe('cookies', () => {
  const cookieOn = async (path: string, key: string) =>
    (await as(key, path)).headers.get('set-cookie')
  const reviews = `${base}/reviews`

  test('come with every answer', async () => {
    expect(await cookieOn(reviews, server)).toEqual(expect.any(String))
  })

  test('and, where it is asked for, not with content, which may then be kept', async () => {
    await restart({ contentCookies: false })
    expect(await cookieOn(reviews, server)).toBeNull()
    expect(await cookieOn(listPath, server)).toEqual(expect.any(String))
  })
})
