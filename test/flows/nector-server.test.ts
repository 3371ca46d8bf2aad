/** The shop's own server at Nector: reads with the SERVER key, changes with the WRITE key alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { offers, triggers } from '../../sandbox/emulators/nector/demo-content.ts'
import { ALICE, BOB, keys, ORIGIN, SERVER_KEY, startRig, WRITE_KEY } from '../support/rig.ts'
import type { CallOptions, Rig } from '../support/rig.ts'
import { headerNames, lastSent, sentDuring } from '../support/sent.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.close())

const base = '/api/v2/merchant'
const as = keys.backend
const customer_id = ALICE.customerId

const writes: readonly [method: string, path: string, json: object, isForShoppers: boolean][] = [
  ['POST', '/leads', { customer_id: 'shopify-1', name: 'New', metadetail: {} }, false],
  ['POST', '/offerrewards', { offer_id: offers[0]?._id, customer_id, hash: 'a' }, false],
  ['POST', '/publicofferrewards', { offer_id: offers[0]?._id, customer_id, hash: 'b' }, false],
  ['POST', '/wallettransactions', { customer_id, amount: '10', hash: 'c' }, false],
  ['POST', '/creditwallettransactions', { customer_id, amount: 10, hash: 'd' }, false],
  ['POST', '/activities', { trigger_id: triggers[0]?._id, customer_id }, true],
  ['POST', '/offerredeems', { offer_id: offers[4]?._id, customer_id }, true],
  ['POST', '/publicofferredeems', { offer_id: offers[4]?._id, customer_id }, true],
  ['PUT', `/leads/${ALICE.id}`, { metadetail: { dob: '1990-01-01' } }, true],
  ['POST', '/reviews', { rating: 5, name: 'Alice' }, true],
  ['POST', '/qnas', { question: 'Does it fit?' }, true],
]

describe('reads', () => {
  test.each([
    `/leads/${BOB.id}`,
    `/leads/${ALICE.id}?customer_id=${BOB.customerId}`,
    `/wallettransactions?lead_id=${BOB.id}`,
    `/referrals?referred_by_lead_id=${BOB.id}`,
    `/orders?lead_id=${BOB.id}&limit=2`,
  ])('200: GET %s about anybody, with the SERVER key and no lead', async (path) => {
    const sent = await sentDuring(rig.nector, async () => {
      const answer = await rig.call(`/nector${base}${path}`, { as })
      expect(answer.status).toBe(200)
      expect(answer.headers['cache-control']).toBe('private, no-store')
    })
    expect(sent.map((each) => each.path)).toEqual([base + path])
    expect(sent[0]?.headers['x-apikey']).toBe(SERVER_KEY)
    expect(sent.map(headerNames)).toEqual([['via', 'x-apikey', 'x-source']])
  })

  test('200: the key may stand in x-apikey, where Nector’s own plugins have it', async () => {
    const headers = { 'x-apikey': keys.backend }
    expect((await rig.call(`${base}/leads/${BOB.id}`, { headers })).status).toBe(200)
    expect(lastSent(rig.nector).headers['x-apikey']).toBe(SERVER_KEY)
  })

  test('401: a server is nobody’s me', async () => {
    await refused(401, 'policy/subject-required', 'GET', '/leads/me', { as })
  })

  test('403 without the scope', async () => {
    await refused(403, 'policy/scope-missing', 'GET', `/leads/${BOB.id}`, { as: keys.plugin })
  })

  test('403 in a browser', async () => {
    const headers = { 'sec-fetch-site': 'same-origin' }
    const how = { as, headers }
    await refused(403, 'policy/channel-not-allowed', 'GET', `/leads/${BOB.id}`, how)
  })

  test('422: the upstream’s own passes through, and no account is doubted', async () => {
    const answer = await rig.call(`${base}/wallettransactions?lead_id=nobody`, { as })
    expect(answer.status).toBe(422)
    expect(answer.json).toMatchObject({ data: { message: 'Lead does not exists' } })
  })
})

describe('changes', () => {
  test.each(writes)('200: %s %s with the WRITE key and no lead', async (method, path, json) => {
    const sent = await sentDuring(rig.nector, async () => {
      expect((await rig.call(`/nector${base}${path}`, { method, as, json })).status).toBe(200)
    })
    expect(sent.map((each) => `${each.method} ${each.path}`)).toEqual([`${method} ${base}${path}`])
    expect(sent[0]?.body).toBe(JSON.stringify(json))
    expect(sent[0]?.headers['x-apikey']).toBe(WRITE_KEY)
    expect(sent.map(headerNames)).toEqual([
      ['content-length', 'content-type', 'via', 'x-apikey', 'x-source'],
    ])
  })

  test('200: coins really move, once', async () => {
    const before = rig.nector.coinsOf(BOB.customerId)
    const json = { customer_id: BOB.customerId, amount: '25', hash: 'birthday-2024' }
    for (let time = 0; time < 2; time += 1) {
      await rig.call(`${base}/wallettransactions`, { method: 'POST', as, json })
    }
    expect(rig.nector.coinsOf(BOB.customerId)).toBe(before + 25)
  })

  test.each(writes)('401: %s %s without a proof', async (method, path, json, isForShoppers) => {
    const code = isForShoppers ? 'policy/subject-required' : 'identity/missing'
    await refused(401, code, method, path, { json })
    await refused(401, code, method, path, { json, headers: { origin: ORIGIN } })
  })

  test.each(writes)('403: %s %s as a shopper, with any body', async (method, path, json) => {
    const shopper = await rig.session(ALICE.customer)
    for (const body of [json, { ...json, lead_id: BOB.id }]) {
      await refused(403, 'policy/write-not-allowed', method, path, { as: shopper, json: body })
    }
    const before = rig.nector.coinsOf(ALICE.customerId)
    expect(rig.nector.coinsOf(ALICE.customerId)).toBe(before)
  })

  test.each(writes)('403: %s %s without the scope', async (method, path, json) => {
    await refused(403, 'policy/scope-missing', method, path, { as: keys.plugin, json })
  })

  test('403: uploads as a shopper', async () => {
    const shopper = await rig.session(ALICE.customer)
    await refused(403, 'policy/write-not-allowed', 'POST', '/uploads', { as: shopper, json: {} })
  })

  test('405: DELETE', async () => {
    await refused(405, 'policy/method-not-allowed', 'DELETE', `/leads/${ALICE.id}`, { as })
  })

  test('415: anything but JSON', async () => {
    const how = { as, headers: { 'content-type': 'text/plain' }, body: '{}' }
    await refused(415, 'downstream/unsupported-media-type', 'POST', '/wallettransactions', how)
  })

  test('422: the upstream’s own passes through', async () => {
    const json = { customer_id: ALICE.customerId, amount: 'many' }
    const answer = await rig.call(`${base}/wallettransactions`, { method: 'POST', as, json })
    expect(answer.status).toBe(422)
  })
})

describe('without a WRITE key', () => {
  let bare: Rig
  beforeAll(async () => {
    bare = await startRig({ configure: (yaml) => yaml.replace(/ +write: .*\n/, '') })
  })
  afterAll(() => bare.close())

  test.each(writes)('403: %s %s is not sent with a lesser key', async (method, path, json) => {
    const sent = await sentDuring(bare.nector, async () => {
      const answer = await bare.call(base + path, { method, as, json })
      expect(answer.status).toBe(403)
      expect(answer.json).toMatchObject({ code: 'policy/channel-not-allowed' })
    })
    expect(sent).toEqual([])
  })
})

async function refused(
  status: number,
  code: string,
  method: string,
  path: string,
  how: CallOptions,
) {
  const sent = await sentDuring(rig.nector, async () => {
    const answer = await rig.call(base + path, { method, ...how })
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ status, code })
  })
  expect(sent).toEqual([])
}
