import { describe, expect, test } from 'vitest'
import type { Arrival } from '../../src/downstream/accept.ts'
import { createCanonicalCustomer } from '../../src/identity/customer-id.ts'
import type { Identifier } from '../../src/identity/identify.ts'
import { createJwtIdentifier } from '../../src/identity/jwt.ts'
import { createFixedKeys } from '../../src/identity/key-source.ts'
import type { KeySource } from '../../src/identity/key-source.ts'
import type { Principal } from '../../src/identity/principal.ts'
import { readProofs } from '../../src/identity/proofs.ts'
import { issuerPolicy, shopifySessionTokenPolicy } from '../../src/identity/token-policy.ts'
import { readVerificationKey, sharedKey } from '../../src/identity/verification-key.ts'
import { Problem } from '../../src/problem.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOfError } from '../support/code-of.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import {
  AUDIENCE,
  claimsFor,
  CLIENT_ID,
  createSigningKey,
  ISSUER,
  JWT_SECRET,
  SHOP,
  SHOPIFY_SECRET,
  signHs256,
} from './log-in.ts'
import type { ClaimSet } from './log-in.ts'

const canonicalCustomer = createCanonicalCustomer([(id) => id.replace(/^shopify-/, '')])
const keys = createFixedKeys([sharedKey(JWT_SECRET)])

function create(more: { cookie?: string; keys?: KeySource; customerId?: string } = {}) {
  const clock = createFakeClock()
  const policy = issuerPolicy({
    issuer: ISSUER,
    audience: AUDIENCE,
    customerId: more.customerId ?? 'sub',
    canonicalCustomer,
  })
  const cookie = more.cookie ?? null
  const identify = createJwtIdentifier({ policy, keys: more.keys ?? keys, cookie, clock })
  return { clock, identify }
}

/** What an identifier says of a bearer: a customer, `guest`, `not mine`, or the problem's code. */
async function say(identify: Identifier, token: string, headers = {}): Promise<string> {
  return sayOf(identify, arrivalOf({ headers: { authorization: `Bearer ${token}`, ...headers } }))
}

async function sayOf(identify: Identifier, arrival: Arrival): Promise<string> {
  try {
    const principal = await identify(readProofs(arrival.headers), arrival)
    return principal === null ? 'not mine' : describePrincipal(principal)
  } catch (error) {
    return codeOfError(error)
  }
}

function describePrincipal(principal: Principal): string {
  if (principal.kind === 'customer') return `customer ${principal.customer}`
  if (principal.kind === 'service') return `service ${principal.id}`
  return principal.refusal === undefined ? 'guest' : `refused ${principal.refusal.code}`
}

describe('a bearer of the shop’s log-in', () => {
  const { clock, identify } = create()
  const now = clock.now()
  const token = (more: ClaimSet = {}) => signHs256(claimsFor('1001', now, more))

  test('names its customer, in canonical spelling', async () => {
    expect(await say(identify, token())).toBe('customer 1001')
    expect(await say(identify, token({ sub: 'shopify-1001' }))).toBe('customer 1001')
  })

  test('is for one audience or several', async () => {
    expect(await say(identify, token({ aud: ['other', AUDIENCE] }))).toBe('customer 1001')
  })

  test('tells channel, expiry and that it came as a bearer', async () => {
    const arrival = arrivalOf({
      headers: { authorization: `Bearer ${token()}`, origin: 'https://www.acme.example' },
    })
    expect(await identify(readProofs(arrival.headers), arrival)).toEqual({
      kind: 'customer',
      channel: 'browser',
      customer: '1001',
      expiresAt: now + 600_000,
      session: null,
      isBearer: true,
    })
  })

  test.each([
    ['another issuer', { iss: 'https://login.evil.example' }],
    ['a longer issuer', { iss: `${ISSUER}/` }],
    ['no issuer', { iss: undefined }],
    ['a list of issuers', { iss: [ISSUER] }],
    ['another audience', { aud: 'admin' }],
    ['no audience', { aud: undefined }],
    ['other audiences', { aud: ['a', 'b'] }],
    ['an audience that is an object', { aud: { [AUDIENCE]: true } }],
  ])('is somebody else’s with %s', async (_what, more) => {
    expect(await say(identify, token(more))).toBe('not mine')
  })

  test.each([
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a number', { sub: 1001 }],
    ['null', { sub: null }],
    ['a list', { sub: ['1001'] }],
    ['a colon', { sub: '1001:1' }],
    ['a slash', { sub: '../1002' }],
    ['a line break', { sub: '1001\r\nx-leadtoken: 1' }],
    ['a NUL', { sub: '1001\0' }],
    ['a letter beyond ASCII', { sub: '１００１' }],
    ['no expiry', { exp: undefined }],
    ['an expiry that is text', { exp: '9999999999' }],
    ['an expiry that is null', { exp: null }],
    ['an expiry far away', { exp: 1e15 }],
    ['a negative expiry', { exp: -1 }],
    ['no beginning', { iat: undefined }],
    ['a beginning that is text', { iat: '1' }],
    ['a beginning in the future', { iat: now / 1000 + 61 }],
    ['a negative beginning', { iat: -1 }],
    ['an nbf in the future', { nbf: now / 1000 + 61 }],
    ['an nbf that is text', { nbf: '1' }],
    ['an nbf that is null', { nbf: null }],
    ['a beginning in the future, good from now on', { iat: now / 1000 + 61, nbf: now / 1000 }],
    ['an end with its beginning', { iat: now / 1000 + 50, exp: now / 1000 + 50 }],
    ['an end before its beginning', { iat: now / 1000 + 50, exp: now / 1000 + 40 }],
  ])('T23: is refused with %s', async (_what, more) => {
    expect(await say(identify, token(more))).toBe('identity/invalid')
  })

  test('T23: is refused with a number that JSON makes infinite', async () => {
    const claims = JSON.stringify(claimsFor('1001', now)).replace(/"exp":\d+/, '"exp":1e999')
    const { createHmac } = await import('node:crypto')
    const text = `${token().split('.')[0]}.${Buffer.from(claims).toString('base64url')}`
    const signature = createHmac('sha256', JWT_SECRET).update(text).digest('base64url')
    expect(await say(identify, `${text}.${signature}`)).toBe('identity/invalid')
  })

  test.each([
    ['iat', { iat: now / 1000 + 60 }],
    ['nbf', { nbf: now / 1000 + 60 }],
    ['400 days', { exp: now / 1000 + 400 * 86_400 }],
  ])('is forgiven exactly so much: %s', async (_what, more) => {
    expect(await say(identify, token(more))).toBe('customer 1001')
  })

  test('is not used after its end, not even for a second', async () => {
    expect(await say(identify, token({ exp: now / 1000 + 1 }))).toBe('customer 1001')
    expect(await say(identify, token({ exp: now / 1000, iat: 1 }))).toBe('identity/expired')
    expect(await say(identify, token({ exp: 0, iat: 0 }))).toBe('identity/expired')
  })

  test('is refused under another secret, expired or not', async () => {
    const forged = (more: ClaimSet) => signHs256(claimsFor('1001', now, more), 'x'.repeat(40))
    expect(await say(identify, forged({}))).toBe('identity/invalid')
    expect(await say(identify, forged({ exp: 1 }))).toBe('identity/invalid')
  })

  test('T21: is refused without a signature, whatever it says about that', async () => {
    const [, payload] = token().split('.')
    for (const alg of ['none', 'None', 'HS256', 'HS384', 'RS256', 'hs256', '']) {
      const header = Buffer.from(JSON.stringify({ alg })).toString('base64url')
      expect(await say(identify, `${header}.${payload}.AAAA`)).toBe('identity/invalid')
      expect(await say(identify, `${header}.${payload}.`)).toBe('not mine')
    }
  })

  test.each(['null', '[]', '1', 'x'])('is none with %s for claims', async (claims) => {
    const [header, , signature] = token().split('.')
    const payload = Buffer.from(claims).toString('base64url')
    expect(await say(identify, `${header}.${payload}.${signature}`)).toBe('not mine')
  })

  test('is never a session of the gateway, nor a token with a key in it', async () => {
    const claims = claimsFor('1001', now)
    for (const header of [{ typ: 'gatehouse-session+jwt' }, { jku: ISSUER }, { crit: [] }]) {
      expect(await say(identify, signHs256(claims, JWT_SECRET, header))).toBe('not mine')
    }
  })

  test('may have any other type and key id', async () => {
    const signed = signHs256(claimsFor('1001', now), JWT_SECRET, { typ: 'at+jwt', kid: 'x' })
    expect(await say(identify, signed)).toBe('customer 1001')
  })
})

describe('the claim that names the customer', () => {
  test('may be a number where it is another one than the subject', async () => {
    const { clock, identify } = create({ customerId: 'customer_number' })
    const say1 = (customer_number: unknown) =>
      say(identify, signHs256(claimsFor('x', clock.now(), { customer_number })))
    expect(await say1(1001)).toBe('customer 1001')
    expect(await say1('1001')).toBe('customer 1001')
    for (const odd of [0, -1, 1.5, 2 ** 53, true, null, undefined, {}]) {
      expect(await say1(odd)).toBe('identity/invalid')
    }
  })

  test('is text where no provider spells ids in another way', async () => {
    const options = { issuer: ISSUER, audience: AUDIENCE, customerId: 'sub' }
    const policy = issuerPolicy({ ...options, canonicalCustomer: createCanonicalCustomer([]) })
    const plain = createJwtIdentifier({ policy, keys, cookie: null, clock: createFakeClock() })
    const token = (sub: unknown) => signHs256(claimsFor(sub, createFakeClock().now()))
    expect(await say(plain, token('1001'))).toBe('customer 1001')
    expect(await say(plain, token(1001))).toBe('identity/invalid')
  })

  test('that is no id tells the log why', async () => {
    const { clock, identify } = create()
    const arrival = bearer(signHs256(claimsFor('a:b', clock.now())))
    await expect(identify(readProofs(arrival.headers), arrival)).rejects.toMatchObject({
      message: 'The token names no customer.',
      cause: { code: 'downstream/malformed' },
    })
  })

  test('is not one that every object has', async () => {
    const { clock, identify } = create({ customerId: 'constructor' })
    const token = signHs256(claimsFor('x', clock.now()))
    expect(await say(identify, token)).toBe('identity/invalid')
  })
})

describe('a verified token', () => {
  test('is remembered: the second time there is nothing to wait for', async () => {
    const { clock, identify } = create()
    const arrival = bearer(signHs256(claimsFor('1001', clock.now())))
    const proofs = readProofs(arrival.headers)
    expect(identify(proofs, arrival)).toBeInstanceOf(Promise)
    await identify(proofs, arrival)
    expect(identify(proofs, arrival)).toMatchObject({ customer: '1001' })
  })

  test('is remembered whole: not by its claims or its signature alone', async () => {
    const { clock, identify } = create()
    const token = signHs256(claimsFor('1001', clock.now()))
    expect(await say(identify, token)).toBe('customer 1001')
    const [header, , signature] = token.split('.')
    const [, payload] = signHs256(claimsFor('1002', clock.now())).split('.')
    expect(await say(identify, `${header}.${payload}.${signature}`)).toBe('identity/invalid')
  })

  test('is never remembered past its end', async () => {
    const { clock, identify } = create()
    const token = signHs256(claimsFor('1001', clock.now()))
    expect(await say(identify, token)).toBe('customer 1001')
    clock.advance(599_999)
    expect(await say(identify, token)).toBe('customer 1001')
    clock.advance(1)
    expect(await say(identify, token)).toBe('identity/expired')
  })

  test('T22: is forgotten when its key is no longer there', async () => {
    const [old, next] = [createSigningKey('old'), createSigningKey('next')]
    const setOf = (jwk: unknown, epoch: string) => ({
      keys: [readVerificationKey(jwk)].filter((key) => key !== null),
      epoch,
    })
    let set = setOf(old.jwk, '1')
    const source = { current: () => set, load: async () => set, reload: async () => set }
    const { clock, identify } = create({ keys: source })
    const token = old.sign(claimsFor('1001', clock.now()))
    expect(await say(identify, token)).toBe('customer 1001')
    set = setOf(next.jwk, '2')
    expect(await say(identify, token)).toBe('identity/invalid')
    expect(await say(identify, next.sign(claimsFor('1002', clock.now())))).toBe('customer 1002')
  })
})

describe('T22: newer keys are asked for', () => {
  const [old, next] = [createSigningKey('old'), createSigningKey('next')]
  const keysOf = (...jwks: readonly unknown[]) =>
    jwks.map(readVerificationKey).filter((key) => key !== null)

  function counting() {
    const asked = { loads: 0, reloads: 0 }
    let set = { keys: keysOf(old.jwk), epoch: '1' }
    const keys: KeySource = {
      current: () => set,
      load: async () => {
        asked.loads += 1
        return set
      },
      reload: async () => {
        asked.reloads += 1
        set = { keys: keysOf(old.jwk, next.jwk), epoch: '2' }
        return set
      },
    }
    return { asked, ...create({ keys }) }
  }

  test('where a token names one that is not there, and only there', async () => {
    const { asked, clock, identify } = counting()
    const claims = claimsFor('1001', clock.now())
    expect(await say(identify, old.sign(claims))).toBe('customer 1001')
    expect(await say(identify, old.sign(claims, { kid: undefined }))).toBe('customer 1001')
    expect(await say(identify, old.sign(claims, { alg: 'RS384' }))).toBe('identity/invalid')
    expect(asked.reloads).toBe(0)
    expect(await say(identify, next.sign(claims))).toBe('customer 1001')
    expect(asked).toEqual({ loads: 4, reloads: 1 })
    expect(await say(identify, next.sign(claimsFor('1002', clock.now())))).toBe('customer 1002')
    expect(asked).toEqual({ loads: 5, reloads: 1 })
  })

  test('and a failure of that is no refusal of the token', async () => {
    const down = new Problem('identity/unavailable', 'down')
    const failing: KeySource = {
      current: () => null,
      load: async () => ({ keys: keysOf(old.jwk), epoch: '1' }),
      reload: async () => {
        throw down
      },
    }
    const bearerly = create({ keys: failing })
    const token = next.sign(claimsFor('1001', bearerly.clock.now()))
    expect(await say(bearerly.identify, token)).toBe('identity/unavailable')
    const cookiely = create({ keys: failing, cookie: 'shop_token' })
    const arrival = arrivalOf({ headers: { cookie: `shop_token=${token}` } })
    expect(await sayOf(cookiely.identify, arrival)).toBe('identity/unavailable')
  })

  test('no keys at hand means that nothing is remembered', async () => {
    let isThere = true
    const set = { keys: keysOf(old.jwk), epoch: '1' }
    let loads = 0
    const source: KeySource = {
      current: () => (isThere ? set : null),
      load: async () => {
        loads += 1
        return set
      },
      reload: async () => set,
    }
    const { clock, identify } = create({ keys: source })
    const token = old.sign(claimsFor('1001', clock.now()))
    await say(identify, token)
    await say(identify, token)
    expect(loads).toBe(1)
    isThere = false
    await say(identify, token)
    expect(loads).toBe(2)
  })
})

describe('T21: HS and RS are not confused', () => {
  const signing = createSigningKey('k1')
  const known = readVerificationKey(signing.jwk)
  const fixed = createFixedKeys(known === null ? [] : [known])

  test('a public key is no shared secret', async () => {
    const { clock, identify } = create({ keys: fixed })
    const claims = claimsFor('1001', clock.now())
    expect(await say(identify, signing.sign(claims))).toBe('customer 1001')
    const spki = String(
      known && 'export' in known.key ? known.key.export({ type: 'spki', format: 'pem' }) : '',
    )
    for (const secret of [spki, spki.trim(), JSON.stringify(signing.jwk), signing.jwk.n ?? '']) {
      const token = signHs256(claims, secret, { kid: 'k1' })
      expect(await say(identify, token)).toBe('identity/invalid')
    }
  })

  test('a shared secret is not asked about RS256', async () => {
    const { clock, identify } = create()
    expect(await say(identify, signing.sign(claimsFor('1001', clock.now())))).toBe(
      'identity/invalid',
    )
  })

  test('the key id must fit where the token has one', async () => {
    const { clock, identify } = create({ keys: fixed })
    const claims = claimsFor('1001', clock.now())
    expect(await say(identify, signing.sign(claims, { kid: 'k2' }))).toBe('identity/invalid')
    expect(await say(identify, signing.sign(claims, { kid: undefined }))).toBe('customer 1001')
  })

  test('a token that could be either key’s is nobody’s', async () => {
    const other = readVerificationKey(createSigningKey('k2').jwk)
    const both = createFixedKeys([known, other].filter((key) => key !== null))
    const { clock, identify } = create({ keys: both })
    const claims = claimsFor('1001', clock.now())
    expect(await say(identify, signing.sign(claims))).toBe('customer 1001')
    expect(await say(identify, signing.sign(claims, { kid: undefined }))).toBe('identity/invalid')
  })
})

describe('a token in a cookie', () => {
  const cookieName = 'shop_token'
  const create1 = () => create({ cookie: cookieName })
  const withCookie = (cookie: string) => arrivalOf({ headers: { cookie } })

  test('names its customer, and came by itself', async () => {
    const { clock, identify } = create1()
    const arrival = withCookie(`a=b; ${cookieName}=${signHs256(claimsFor('1001', clock.now()))}`)
    const proofs = readProofs(arrival.headers)
    const expected = { customer: '1001', channel: 'browser', isAmbient: true }
    expect(await identify(proofs, arrival)).toMatchObject(expected)
    expect(identify(proofs, arrival)).toMatchObject(expected)
  })

  test('is not looked for in Authorization', async () => {
    const { clock, identify } = create1()
    expect(await say(identify, signHs256(claimsFor('1001', clock.now())))).toBe('not mine')
  })

  test.each([
    ['none', ''],
    ['another name', 'xshop_token=a'],
    ['a longer name', 'shop_token2=a'],
    ['an empty one', 'shop_token='],
    ['other case', 'Shop_Token=a'],
  ])('is not there: %s', async (_what, cookie) => {
    expect(await sayOf(create1().identify, withCookie(cookie))).toBe('not mine')
  })

  test('is refused where it holds something else', async () => {
    const { clock, identify } = create1()
    const foreign = signHs256(claimsFor('1001', clock.now(), { iss: 'x' }))
    const forged = signHs256(claimsFor('1001', clock.now()), 'x'.repeat(40))
    for (const value of ['garbage', 'a.b.c', foreign, forged]) {
      const said = await sayOf(identify, withCookie(`${cookieName}=${value}`))
      expect(said).toBe('refused identity/invalid')
    }
  })

  test('is cleared when it has ended, and not when it is wrong', async () => {
    const { clock, identify } = create1()
    const ask = (token: string) => {
      const arrival = withCookie(`${cookieName}=${token}`)
      return identify(readProofs(arrival.headers), arrival)
    }
    const old = signHs256(claimsFor('1001', clock.now()))
    clock.advance(600_000)
    const nobody = { kind: 'anonymous', channel: 'browser' }
    expect(await ask(old)).toEqual({
      ...nobody,
      refusal: expect.objectContaining({ code: 'identity/expired' }),
      clearCookies: ['shop_token=; Max-Age=0; Path=/; Secure; SameSite=Lax'],
    })
    expect(await ask('garbage')).toEqual({
      ...nobody,
      refusal: expect.objectContaining({
        code: 'identity/invalid',
        message: 'The cookie holds no token of the log-in.',
      }),
    })
  })

  test('is refused when it is there twice', async () => {
    const { clock, identify } = create1()
    const [one, two] = ['1001', '1002'].map((id) => signHs256(claimsFor(id, clock.now())))
    const cookie = `${cookieName}=${one}; ${cookieName}=${two}`
    expect(await sayOf(identify, withCookie(cookie))).toBe('identity/invalid')
  })
})

describe('a session token of Shopify’s extensions', () => {
  const clock = createFakeClock()
  const policy = shopifySessionTokenPolicy({
    shop: SHOP,
    audience: CLIENT_ID,
    canonicalCustomer: gid,
  })
  const shared = createFixedKeys([sharedKey(SHOPIFY_SECRET)])
  const identify = createJwtIdentifier({ policy, keys: shared, cookie: null, clock })
  const seconds = clock.now() / 1000
  const claims = (more: ClaimSet = {}) => ({
    dest: SHOP,
    aud: CLIENT_ID,
    sub: 'gid://shopify/Customer/1001',
    iat: seconds,
    nbf: seconds,
    exp: seconds + 300,
    jti: '6c992878-dbaf-48d1-bb9d-6d9b59814fd1',
    ...more,
  })
  const ask = (more: ClaimSet = {}, secret = SHOPIFY_SECRET) =>
    say(identify, signHs256(claims(more), secret))

  test('names the customer of its shop', async () => {
    expect(await ask()).toBe('customer 1001')
    expect(await ask({ dest: `https://${SHOP}` })).toBe('customer 1001')
  })

  test('names nobody where nobody is logged in', async () => {
    expect(await ask({ sub: undefined })).toBe('guest')
    const headers = {
      authorization: `Bearer ${signHs256(claims({ sub: undefined }), SHOPIFY_SECRET)}`,
    }
    expect(await identify(readProofs(headers), arrivalOf({ headers }))).toEqual({
      kind: 'anonymous',
      channel: 'app',
      isBearer: true,
    })
  })

  test.each([
    ['another shop', { dest: 'evil.myshopify.com' }],
    ['another shop, as a URL', { dest: 'https://evil.myshopify.com' }],
    ['a shop with a port', { dest: `https://${SHOP}:443` }],
    ['plain http', { dest: `http://${SHOP}` }],
    ['a scheme in the middle', { dest: SHOP.replace('.', 'https://.') }],
    ['a list of one', { sub: ['gid://shopify/Customer/1001'] }],
    ['a member of the staff', { sub: '42', iss: `https://${SHOP}/admin` }],
    ['a bare number', { sub: '1001' }],
    ['somebody’s order', { sub: 'gid://shopify/Order/1001' }],
    ['a gid with more behind it', { sub: 'gid://shopify/Customer/1001/2' }],
    ['a subject that is null', { sub: null }],
    ['a subject that cannot be text', { sub: { toString: null, valueOf: null } }],
  ])('is refused with %s', async (_what, more) => {
    expect(await ask(more)).toBe('identity/invalid')
  })

  test.each([
    ['no shop', { dest: undefined }],
    ['another app', { aud: 'other-app' }],
  ])('is somebody else’s with %s', async (_what, more) => {
    expect(await ask(more)).toBe('not mine')
  })

  test('is refused under another app’s secret', async () => {
    expect(await ask({}, 'x'.repeat(32))).toBe('identity/invalid')
  })

  function gid(id: string): string {
    return canonicalCustomer(id.replace('gid://shopify/Customer/', ''))
  }
})

function bearer(token: string): Arrival {
  return arrivalOf({ headers: { authorization: `Bearer ${token}` } })
}
