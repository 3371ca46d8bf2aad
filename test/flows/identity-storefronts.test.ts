/** Two shops in one process: nothing of one is anything in the other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  appProxyQuery,
  claimsFor,
  CLIENT_ID,
  createSigningKey,
  SHOP,
  SHOPIFY_SECRET,
  signHs256,
} from '../identity/log-in.ts'
import { ACME_HOST, beta, BETA_HOST, startShopServers, twoShops } from '../identity/shops.ts'
import type { ShopServers } from '../identity/shops.ts'
import { textOf } from '../support/json.ts'
import { ALICE, keys, ORIGIN, startRig } from '../support/rig.ts'
import type { CallOptions, Rig } from '../support/rig.ts'

const signing = createSigningKey('k1')
const mine = '/nector/api/v2/merchant/leads/me'

let rig: Rig
let servers: ShopServers
beforeAll(async () => {
  servers = await startShopServers(signing)
  rig = await startRig({ configure: twoShops(servers) })
})
afterAll(async () => {
  await rig.close()
  await servers.close()
})

const at = (host: string, path: string, { headers, ...how }: CallOptions = {}) =>
  rig.call(path, { ...how, headers: { ...headers, host } })
const acme = (path: string, how?: CallOptions) => at(ACME_HOST, path, how)
const other = (path: string, how?: CallOptions) => at(BETA_HOST, path, how)

async function sessionAt(host: string, json: object = {}): Promise<string> {
  const as = host === ACME_HOST ? keys.backend : beta.key
  const body = { customerId: ALICE.customer, ...json }
  const answer = await at(host, '/session', { method: 'POST', as, json: body })
  return textOf(answer.json['token'] ?? answer.json['code'])
}

async function bothWays(how: CallOptions, query = ''): Promise<[number, number]> {
  return [(await acme(mine + query, how)).status, (await other(mine + query, how)).status]
}

describe('what proves a caller at one shop proves nobody at the other', () => {
  test('a session, as a bearer and as a cookie', async () => {
    const token = await sessionAt(ACME_HOST)
    expect(await bothWays({ as: token })).toEqual([200, 401])
    expect(await bothWays({ headers: { cookie: `__Host-gatehouse=${token}` } })).toEqual([200, 401])
    const theirs = await sessionAt(BETA_HOST)
    expect(await bothWays({ as: theirs })).toEqual([401, 200])
  })

  test('also after both have remembered what they know', async () => {
    const [one, two] = [await sessionAt(ACME_HOST), await sessionAt(BETA_HOST)]
    for (let time = 0; time < 3; time += 1) {
      expect(await bothWays({ as: one })).toEqual([200, 401])
      expect(await bothWays({ as: two })).toEqual([401, 200])
    }
  })

  test('a JWT', async () => {
    const claims = claimsFor(ALICE.customer, Date.now())
    expect(await bothWays({ as: signHs256(claims) })).toEqual([200, 401])
    expect(await bothWays({ as: signHs256(claims, beta.jwtSecret) })).toEqual([401, 200])
  })

  test('a service key', async () => {
    const ask = async (as: string) => [
      (await acme('/widget-token', { as })).status,
      (await other('/widget-token', { as })).status,
    ]
    expect(await ask(keys.backend)).toEqual([200, 401])
    expect(await ask(beta.key)).toEqual([401, 200])
  })

  test('a query that Shopify signed', async () => {
    expect(await bothWays({}, `?${appProxyQuery(ALICE.customer, Date.now())}`)).toEqual([200, 401])
  })

  test('a token of Shopify’s extensions', async () => {
    const seconds = Math.floor(Date.now() / 1000)
    const claims = {
      dest: SHOP,
      aud: CLIENT_ID,
      sub: `gid://shopify/Customer/${ALICE.customer}`,
      iat: seconds,
      exp: seconds + 60,
    }
    expect(await bothWays({ as: signHs256(claims, SHOPIFY_SECRET) })).toEqual([200, 401])
    // The other app's token for this shop.
    expect(await bothWays({ as: signHs256(claims, beta.shopifySecret) })).toEqual([401, 401])
  })

  test('a code of a hand-off', async () => {
    const code = await sessionAt(ACME_HOST, { handoff: true })
    const how = { method: 'POST', headers: { origin: ORIGIN }, json: { code } }
    expect((await other('/session/redeem', how)).status).toBe(401)
    expect((await acme('/session/redeem', how)).status).toBe(200)
  })

  test('what the shop said of a cookie: each shop is asked itself', async () => {
    const before = servers.whoami.asked.length
    const headers = { cookie: 'sid=customer-1001.two-shops' }
    expect(await bothWays({ headers })).toEqual([200, 200])
    expect(await bothWays({ headers })).toEqual([200, 200])
    expect(servers.whoami.asked.length - before).toBe(2)
  })
})

describe('what ends at one shop goes on at the other', () => {
  test('all sessions of a customer', async () => {
    const [one, two] = [await sessionAt(ACME_HOST), await sessionAt(BETA_HOST)]
    const end = {
      method: 'DELETE',
      as: keys.backend,
      headers: { 'x-gatehouse-customer': ALICE.customer },
    }
    expect((await acme('/session', end)).status).toBe(204)
    expect((await acme(mine, { as: one })).status).toBe(401)
    expect((await other(mine, { as: two })).status).toBe(200)
  })
})

test('a shop tells which it is, by Host alone', async () => {
  expect((await acme('/session')).json).toMatchObject({ storefront: 'acme' })
  expect((await other('/session')).json).toMatchObject({ storefront: 'beta' })
  const headers = { 'x-forwarded-host': ACME_HOST }
  expect((await other('/session', { headers })).json).toMatchObject({ storefront: 'beta' })
  expect((await at('gw.gamma.example', '/session')).status).toBe(421)
})
