import { describe, expect, test } from 'vitest'
import { readProofs } from '../../src/identity/proofs.ts'
import { createRevocations } from '../../src/identity/revocations.ts'
import { createSessions } from '../../src/identity/session.ts'
import type { OnSecretUsed, SessionOptions } from '../../src/identity/session.ts'
import { Secret } from '../../src/secret.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOfError } from '../support/code-of.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { signHs256 } from './log-in.ts'

const SECRET = 'session_secret_for-tests-only_0123456789'
const OTHER = 'another_secret_for-tests-only_0123456789'
const clock = createFakeClock()

function create(more: Partial<SessionOptions> = {}) {
  const revocations = createRevocations(clock, 24 * 3_600_000)
  const sessions = createSessions({
    secret: new Secret(SECRET),
    previousSecret: null,
    ttl: 3_600_000,
    storefront: 'acme',
    environment: 'nector=production',
    revocations,
    clock,
    ...more,
  })
  const say = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    try {
      const principal = await sessions.identify(readProofs(headers), arrivalOf({ headers }))
      return principal?.kind === 'customer' ? principal.customer : 'not mine'
    } catch (error) {
      return codeOfError(error)
    }
  }
  const sayCookie = async (token: string) => {
    const headers = { cookie: `__Host-gatehouse=${token}` }
    const found = await sessions.identifyCookie(readProofs(headers), arrivalOf({ headers }))
    if (found?.kind === 'anonymous') return found.refusal?.code
    return found?.kind === 'customer' ? found.customer : 'not mine'
  }
  return { sessions, revocations, say, sayCookie }
}

const make = async (more: Partial<SessionOptions> = {}) =>
  (await create(more).sessions.create('1001')).token

describe('a session', () => {
  test('is its shopper’s, as a bearer and as a cookie', async () => {
    const { say, sayCookie } = create()
    const token = await make()
    expect([await say(token), await sayCookie(token)]).toEqual(['1001', '1001'])
  })

  test('is not waited for the second time', async () => {
    const { sessions, say } = create()
    const token = await make()
    await say(token)
    const headers = { authorization: `Bearer ${token}` }
    expect(sessions.identify(readProofs(headers), arrivalOf({ headers }))).toMatchObject({
      customer: '1001',
      isBearer: true,
    })
    const held = { cookie: `__Host-gatehouse=${token}` }
    expect(sessions.identifyCookie(readProofs(held), arrivalOf({ headers: held }))).toMatchObject({
      customer: '1001',
      isAmbient: true,
    })
  })

  test.each([
    ['another storefront', { storefront: 'other' }],
    ['another environment', { environment: 'nector=staging' }],
    ['another secret', { secret: new Secret(OTHER) }],
  ])('is nothing in %s', async (_what, more) => {
    const { say, sayCookie } = create()
    const token = await make(more)
    expect([await say(token), await sayCookie(token)]).toEqual([
      'identity/invalid',
      'identity/invalid',
    ])
  })

  test('lives through a rotation, which signs with the new secret alone', async () => {
    const rotated = { secret: new Secret(OTHER), previousSecret: new Secret(SECRET) }
    const old = await make()
    expect(await create(rotated).say(old)).toBe('1001')
    const fresh = await make(rotated)
    expect(await create(rotated).say(fresh)).toBe('1001')
    expect(await create().say(fresh)).toBe('identity/invalid')
  })

  test('ends by itself, also where it is remembered', async () => {
    const { say, sayCookie } = create()
    const token = await make({ ttl: 10_000 })
    expect(await say(token)).toBe('1001')
    clock.advance(10_000)
    expect(await say(token)).toBe('identity/expired')
    expect(await sayCookie(token)).toBe('identity/expired')
  })

  test('ends early, also where it is remembered', async () => {
    const { sessions, revocations, say, sayCookie } = create()
    const { token, expiresAt } = await sessions.create('1001')
    const headers = { authorization: `Bearer ${token}` }
    const principal = await sessions.identify(readProofs(headers), arrivalOf({ headers }))
    expect(await sayCookie(token)).toBe('1001')
    const session = principal?.kind === 'customer' ? (principal.session ?? '') : ''
    revocations.revokeSession(session, expiresAt)
    expect([await say(token), await sayCookie(token)]).toEqual([
      'identity/expired',
      'identity/expired',
    ])
    expect(await say((await sessions.create('1001')).token)).toBe('1001')
  })

  test('ends with all of the customer’s, and nobody else’s', async () => {
    const { sessions, revocations, say } = create()
    const [mine, theirs] = [await sessions.create('1001'), await sessions.create('1002')]
    revocations.revokeCustomer('1001')
    expect(await say(mine.token)).toBe('identity/expired')
    expect(await say(theirs.token)).toBe('1002')
    clock.advance(1_000)
    expect(await say((await sessions.create('1001')).token)).toBe('1001')
  })
})

describe('the secret in use is told', () => {
  const rotated = { secret: new Secret(OTHER), previousSecret: new Secret(SECRET) }
  const watch = (more: Partial<SessionOptions> = {}) => {
    const used: string[] = []
    const onSecretUsed: OnSecretUsed = (storefront, secret) => used.push(`${storefront} ${secret}`)
    return { used, ...create({ ...rotated, onSecretUsed, ...more }) }
  }

  test.each([
    ['new', rotated, 'acme secret'],
    ['previous', {}, 'acme previousSecret'],
  ])('for the %s one, each time and also where it is remembered', async (_what, more, name) => {
    const { used, say, sayCookie } = watch()
    const token = await make(more)
    for (const ask of [say, say, sayCookie]) expect(await ask(token)).toBe('1001')
    expect(used).toEqual([name, name, name])
    const byCookie = watch()
    for (const _time of [1, 2]) await byCookie.sayCookie(token)
    expect(byCookie.used).toEqual([name, name])
  })

  test('for each of two that come in turn', async () => {
    const { used, say } = watch()
    const [old, fresh] = [await make(), await make(rotated)]
    for (const token of [old, fresh, old, fresh]) await say(token)
    const both = ['acme previousSecret', 'acme secret']
    expect(used).toEqual([...both, ...both])
  })

  test('and not for a session that is not good', async () => {
    const { used, revocations, say, sayCookie } = watch()
    const foreign = await make({ storefront: 'other' })
    const brief = await make({ ttl: 10_000 })
    const lasting = await make()
    for (const token of [brief, lasting]) expect(await say(token)).toBe('1001')
    used.length = 0
    clock.advance(10_000)
    revocations.revokeCustomer('1001')
    for (const token of [foreign, brief, lasting, 'a.b.c']) {
      await say(token)
      await sayCookie(token)
    }
    expect(used).toEqual([])
  })
})

describe('the cookie of a session', () => {
  const ask = async (token: string) => {
    const headers = { cookie: `__Host-gatehouse=${token}`, authorization: 'Bearer x' }
    return create().sessions.identifyCookie(readProofs(headers), arrivalOf({ headers }))
  }

  test('says whose it is and until when', async () => {
    const { token, expiresAt } = await create().sessions.create('1001')
    expect(expiresAt).toBe(Math.floor(clock.now() / 1000) * 1000 + 3_600_000)
    expect(await ask(token)).toEqual({
      kind: 'customer',
      channel: 'browser',
      customer: '1001',
      expiresAt,
      session: expect.stringMatching(/^[0-9a-f-]{36}$/),
      isAmbient: true,
    })
  })

  test('is cleared whatever is wrong with it', async () => {
    const foreign = await make({ storefront: 'other' })
    for (const token of ['garbage', 'a.b.c', signHs256({ sub: '1001' }, SECRET), foreign]) {
      expect(await ask(token)).toMatchObject({
        kind: 'anonymous',
        channel: 'browser',
        refusal: { code: 'identity/invalid', message: 'The session is not valid here.' },
        clearCookies: ['__Host-gatehouse=; Max-Age=0; Path=/; Secure; SameSite=Lax; HttpOnly'],
      })
    }
  })

  test('is no excuse for a fault that is not its own', async () => {
    const { token } = await create().sessions.create('1001')
    const fault = new Error('no memory')
    const revocations = {
      ...createRevocations(clock, 1),
      isRevoked: () => {
        throw fault
      },
    }
    await expect(create({ revocations }).sayCookie(token)).rejects.toBe(fault)
  })

  test('is not there where nobody sent one', () => {
    const { sessions } = create()
    expect(sessions.identifyCookie(readProofs({}), arrivalOf())).toBeNull()
    expect(sessions.identify(readProofs({}), arrivalOf())).toBeNull()
  })
})

describe('what is signed with the session secret and is no session', () => {
  const seconds = Math.floor(clock.now() / 1000)
  const claims = {
    sub: '1001',
    aud: 'acme',
    jti: 'j',
    env: 'nector=production',
    iat: seconds,
    exp: seconds + 60_000,
  }
  const typ = 'gatehouse-session+jwt'
  const ask = (more: object, header: object = { typ }) =>
    create().say(signHs256({ ...claims, ...more }, SECRET, { ...header }))

  test('the form above holds', async () => expect(await ask({})).toBe('1001'))

  test('is not ours without the type', async () => {
    expect(await ask({}, {})).toBe('not mine')
    expect(await ask({}, { typ: 'JWT' })).toBe('not mine')
  })

  test.each([
    { sub: undefined },
    { sub: 1001 },
    { aud: undefined },
    { aud: ['acme'] },
    { jti: undefined },
    { env: undefined },
    { env: '' },
    { iat: undefined },
    { iat: '1' },
    { exp: undefined },
    { exp: '9' },
  ])('is refused with %j', async (more) => expect(await ask(more)).toBe('identity/invalid'))

  test('T21: is refused with another algorithm', async () => {
    const text = signHs256(claims, SECRET, { typ, alg: 'none' })
    expect(await create().say(text)).toBe('identity/invalid')
    expect(await create().say(signHs256(claims, SECRET, { typ, alg: 'HS512' }))).toBe(
      'identity/invalid',
    )
    expect(await create().say(signHs256(claims, SECRET, { typ, jku: 'x' }))).toBe('not mine')
  })
})
