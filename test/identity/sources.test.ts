import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { IdentityConfig, JwtIdentity } from '../../src/config/config.ts'
import { createCanonicalCustomer } from '../../src/identity/customer-id.ts'
import type { Question, Reply } from '../../src/identity/outside.ts'
import type { Principal } from '../../src/identity/principal.ts'
import { readProofs } from '../../src/identity/proofs.ts'
import { createRevocations } from '../../src/identity/revocations.ts'
import { createSources } from '../../src/identity/sources.ts'
import type { SourceParts } from '../../src/identity/sources.ts'
import { Secret } from '../../src/secret.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOfError } from '../support/code-of.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import {
  appProxyQuery,
  AUDIENCE,
  claimsFor,
  CLIENT_ID,
  createSigningKey,
  ISSUER,
  JWT_SECRET,
  SHOP,
  SHOPIFY_SECRET,
  signHs256,
  startAnswering,
} from './log-in.ts'

const SECRET = 'session_secret_for-tests-only_0123456789'
const EARLIER = 'earlier_secret_for-tests-only_0123456789'
const JWKS = 'https://login.acme.example/jwks.json'
const WHOAMI = 'https://www.acme.example/whoami'

const clock = createFakeClock()
const signing = createSigningKey('k1')
const keySet: Reply = { status: 200, headers: {}, body: JSON.stringify({ keys: [signing.jwk] }) }
const jwt: JwtIdentity = { type: 'jwt', issuer: ISSUER, audience: AUDIENCE, customerId: 'sub' }
const session = { type: 'session', secret: new Secret(SECRET), ttl: 60_000 } as const
const token = signHs256(claimsFor('shopify-1001', clock.now()))

function create(configs: readonly IdentityConfig[], more: Partial<SourceParts> = {}) {
  const parts: SourceParts = {
    storefront: 'acme',
    environment: 'production',
    canonicalCustomer: createCanonicalCustomer([
      (id) => id.replace(/^(?:shopify-|gid:\/\/shopify\/Customer\/)/, ''),
    ]),
    revocations: createRevocations(clock, 60_000),
    clock,
    ...more,
  }
  return createSources(configs, parts)
}

/** What the only source says: a principal, null, or the problem's code. */
async function say(
  config: IdentityConfig,
  headers: Record<string, string>,
  more: Partial<SourceParts> & { readonly query?: string } = {},
): Promise<Principal | string | null> {
  const { query = '', ...parts } = more
  const { identifiers, sessions } = create([config], parts)
  expect(sessions).toBeNull()
  const [identify, ...others] = identifiers
  if (identify === undefined || others.length > 0) throw new Error('one source is expected')
  try {
    return await identify(readProofs(headers), arrivalOf({ headers, query }))
  } catch (error) {
    return codeOfError(error)
  }
}

const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
const alice = { kind: 'customer', customer: '1001' }

test('there is nothing where nothing is configured', () => {
  expect(create([])).toEqual({ identifiers: [], sessions: null })
})

describe('sessions', () => {
  test('are found as a bearer and in the cookie, and end as configured', async () => {
    const { identifiers, sessions } = create([session])
    const made = await sessions?.create('1001')
    expect(made?.expiresAt).toBe(clock.now() + 60_000)
    const [byBearer, byCookie, ...others] = identifiers
    expect(others).toEqual([])
    const { authorization } = bearer(made?.token ?? '')
    const cookie = `__Host-gatehouse=${made?.token}`
    for (const [headers, first, second] of [
      [{ authorization }, alice, null],
      [{ cookie }, null, alice],
    ] as const) {
      const proofs = readProofs(headers)
      const arrival = arrivalOf({ headers })
      const said = [await byBearer?.(proofs, arrival), await byCookie?.(proofs, arrival)]
      for (const [at, expected] of [first, second].entries()) {
        if (expected === null) expect(said[at]).toBeNull()
        else expect(said[at]).toMatchObject(expected)
      }
    }
  })

  test.each([
    ['with the earlier secret', { previousSecret: new Secret(EARLIER) }, {}, 'ok'],
    ['without it', {}, {}, 'identity/invalid'],
    [
      'of another shop',
      { secret: new Secret(EARLIER) },
      { storefront: 'beta' },
      'identity/invalid',
    ],
    ['elsewhere', { secret: new Secret(EARLIER) }, { environment: 'test' }, 'identity/invalid'],
    ['of its own', { secret: new Secret(EARLIER) }, {}, 'ok'],
  ])('of an earlier day count %s', async (_what, config, parts, code) => {
    const earlier = create([{ ...session, secret: new Secret(EARLIER) }])
    const made = await earlier.sessions?.create('1001')
    const [identify] = create([{ ...session, ...config }], parts).identifiers
    const headers = bearer(made?.token ?? '')
    const said = (async () => identify?.(readProofs(headers), arrivalOf({ headers })))()
    expect(await said.then(() => 'ok', codeOfError)).toBe(code)
  })
})

test('which secret of the sessions is in use is told', async () => {
  const used: string[][] = []
  const onSecretUsed = (...told: string[]) => void used.push(told)
  const earlier = create([{ ...session, secret: new Secret(EARLIER) }])
  const { authorization } = bearer((await earlier.sessions?.create('1001'))?.token ?? '')
  const rotated = { ...session, previousSecret: new Secret(EARLIER) }
  const [identify] = create([rotated], { onSecretUsed }).identifiers
  await identify?.(readProofs({ authorization }), arrivalOf({ headers: { authorization } }))
  expect(used).toEqual([['acme', 'previousSecret']])
})

test('sources stand in the order of the configuration', async () => {
  const key = { id: 'backend', sha256: hash('sha256', 'gh_a', 'hex'), scopes: ['session'] }
  const { identifiers, sessions } = create([
    { type: 'service-key', keys: [key] },
    session,
    { ...jwt, secret: new Secret(JWT_SECRET) },
  ])
  expect(sessions).not.toBeNull()
  expect(identifiers).toHaveLength(4)
  const ask = async (headers: Record<string, string>) =>
    Promise.all(identifiers.map(async (each) => each(readProofs(headers), arrivalOf({ headers }))))
  const found = await ask(bearer('gh_a'))
  expect(found).toEqual([expect.objectContaining({ id: 'backend' }), null, null, null])
  expect(await ask(bearer(token))).toEqual([null, null, null, expect.objectContaining(alice)])
})

describe('tokens of the shop’s log-in', () => {
  test('are checked with a shared secret', async () => {
    const source = { ...jwt, secret: new Secret(JWT_SECRET) }
    expect(await say(source, bearer(token))).toMatchObject({ ...alice, isBearer: true })
    const forged = signHs256(claimsFor('1001', clock.now()), 'x'.repeat(40))
    expect(await say(source, bearer(forged))).toBe('identity/invalid')
  })

  test('are checked with the usable ones of the keys in the configuration', async () => {
    const signed = signing.sign(claimsFor('1001', clock.now()))
    const keys = [{ kty: 'oct', k: 'c2VjcmV0' }, { ...signing.jwk }]
    expect(await say({ ...jwt, keys }, bearer(signed))).toMatchObject(alice)
    expect(await say(jwt, bearer(signed))).toBe('identity/invalid')
  })

  test('are checked with the keys that the log-in publishes', async () => {
    const asked: Question[] = []
    const ask = async (question: Question) => {
      asked.push(question)
      return keySet
    }
    const signed = signing.sign(claimsFor('1001', clock.now()))
    expect(await say({ ...jwt, jwks: JWKS }, bearer(signed), { ask })).toMatchObject(alice)
    expect(asked.map(({ url }) => url)).toEqual([JWKS])
  })

  test('stand in the cookie, where one is named', async () => {
    const source = { ...jwt, secret: new Secret(JWT_SECRET), cookie: 'shop_token' }
    const found = await say(source, { cookie: `shop_token=${token}` })
    expect(found).toMatchObject({ ...alice, isAmbient: true })
    expect(await say(source, bearer(token))).toBeNull()
  })

  test('name the customer in the configured claim, for the configured audience', async () => {
    const source = { ...jwt, secret: new Secret(JWT_SECRET), customerId: 'number' }
    const numbered = signHs256(claimsFor('x', clock.now(), { number: 1001 }))
    expect(await say(source, bearer(numbered))).toMatchObject(alice)
    expect(await say({ ...source, audience: 'other' }, bearer(numbered))).toBeNull()
    expect(await say({ ...source, issuer: 'other' }, bearer(numbered))).toBeNull()
  })
})

test('Shopify’s session tokens are checked with the app’s secret', async () => {
  const secret = new Secret(SHOPIFY_SECRET)
  const source = { type: 'shopify-session-token', shop: SHOP, audience: CLIENT_ID, secret } as const
  const claims = { ...claimsFor('gid://shopify/Customer/1001', clock.now()), aud: CLIENT_ID }
  const signed = bearer(signHs256({ ...claims, dest: SHOP }, SHOPIFY_SECRET))
  expect(await say(source, signed)).toMatchObject({ ...alice, isBearer: true })
  expect(await say({ ...source, shop: 'beta.myshopify.com' }, signed)).toBe('identity/invalid')
  expect(await say({ ...source, audience: 'other' }, signed)).toBeNull()
  expect(await say({ ...source, secret: new Secret(SECRET) }, signed)).toBe('identity/invalid')
})

test('Shopify’s app proxy is checked with the app’s secret', async () => {
  const secret = new Secret(SHOPIFY_SECRET)
  const source = { type: 'shopify-app-proxy', shop: SHOP, secret } as const
  const query = appProxyQuery('1001', clock.now())
  expect(await say(source, {}, { query })).toMatchObject(alice)
  expect(await say({ ...source, shop: 'beta' }, {}, { query })).toBe('identity/invalid')
})

describe('the shop itself', () => {
  const source = { type: 'forward-auth', url: WHOAMI, idHeader: 'x-id' } as const
  const whoIs = (asked: Question[]) => async (question: Question) => {
    asked.push(question)
    return { status: 200, headers: { 'x-id': 'shopify-1001' }, body: '' }
  }

  test.each([
    ['cookie', { cookie: 'sid' }, { cookie: 'sid=a' }],
    ['header', { header: 'x-shop-token' }, { 'x-shop-token': 'a' }],
  ])('is asked about the %s', async (_what, proof, headers: Record<string, string>) => {
    const asked: Question[] = []
    const said = await say({ ...source, ...proof }, headers, { ask: whoIs(asked) })
    expect(said).toMatchObject({ ...alice, expiresAt: clock.now() + 30_000 })
    expect(asked).toMatchObject([{ url: WHOAMI, headers }])
    expect(await say({ ...source, ...proof }, { cookie: 'a=1' }, { ask: whoIs(asked) })).toBeNull()
  })
})

test('questions really leave where nobody else answers them', async () => {
  const shop = await startAnswering(({ url }) =>
    url === '/jwks'
      ? { status: 200, body: keySet.body }
      : { status: 200, headers: { 'x-id': '1001' } },
  )
  try {
    const whoami = { type: 'forward-auth', url: `${shop.url}/whoami`, idHeader: 'x-id' } as const
    expect(await say({ ...whoami, cookie: 'sid' }, { cookie: 'sid=a' })).toMatchObject(alice)
    const signed = signing.sign(claimsFor('1001', clock.now()))
    expect(await say({ ...jwt, jwks: `${shop.url}/jwks` }, bearer(signed))).toMatchObject(alice)
    expect(shop.asked.map(({ url }) => url)).toEqual(['/whoami', '/jwks'])
  } finally {
    await shop.close()
  }
})
