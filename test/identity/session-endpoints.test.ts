import { describe, expect, test } from 'vitest'
import type { OwnAnswer, OwnCall } from '../../src/endpoint.ts'
import { createCanonicalCustomer } from '../../src/identity/customer-id.ts'
import { createHandOffs } from '../../src/identity/hand-off.ts'
import type { CustomerPrincipal, Principal } from '../../src/identity/principal.ts'
import { readProofs } from '../../src/identity/proofs.ts'
import { createRevocations } from '../../src/identity/revocations.ts'
import { createSessions } from '../../src/identity/session.ts'
import { sessionEndpoints } from '../../src/identity/session-endpoints.ts'
import { Secret } from '../../src/secret.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOfError } from '../support/code-of.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { anonymous, customer, service } from '../support/principals.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const CLEARED = '__Host-gatehouse=; Max-Age=0; Path=/; Secure; SameSite=Lax; HttpOnly'
const NO_CUSTOMER = 'The body must be {"customerId": "…"}.'
const NO_CODE = 'The body must be {"code": "…"}.'
const SPENT = 'The code is not known, has been used or is too old.'
const SOMEBODY_ELSE = 'The call names somebody else.'

const backend = service('session')
const acting: Principal = { ...backend, customer: '1001' }

function create(hasSessions = true) {
  const clock = createFakeClock()
  const revocations = createRevocations(clock, DAY)
  const handOffs = createHandOffs(clock)
  const sessions = createSessions({
    secret: new Secret('session_secret_for-tests-only_0123456789'),
    previousSecret: null,
    ttl: HOUR,
    storefront: 'acme',
    environment: 'production',
    revocations,
    clock,
  })
  /** Sessions that were ended one by one, with the moment until which that is remembered. */
  const ended: unknown[] = []
  const endpoints = sessionEndpoints({
    storefront: 'acme',
    sessions: hasSessions ? sessions : null,
    handOffs,
    revocations: {
      ...revocations,
      revokeSession(session, expiresAt) {
        ended.push([session, expiresAt])
        revocations.revokeSession(session, expiresAt)
      },
    },
    canonicalCustomer: createCanonicalCustomer([(id) => id.replace(/^shopify-/, '')]),
    clock,
  })

  async function call(method: string, asked: Asked = {}): Promise<OwnAnswer> {
    const { path = '/session', principal = backend, body, headers = {} } = asked
    const endpoint = endpoints.find((each) => each.method === method && each.path === path)
    if (endpoint === undefined) throw new Error(`no ${method} ${path}`)
    const arrival = arrivalOf({ method, path, headers })
    return endpoint.answer({ arrival, principal, body } satisfies OwnCall)
  }
  const redeem = (body: unknown) =>
    call('POST', { path: '/session/redeem', principal: anonymous, body })
  const code = async (customerId = '1001') =>
    textOf(await call('POST', { body: { customerId, handoff: true } }), 'code')
  const whoseToken = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return sessions.identify(readProofs(headers), arrivalOf({ headers }))
  }
  return { clock, endpoints, ended, call, redeem, code, whoseToken }
}

describe('the endpoints', () => {
  const own = [
    { path: '/session', method: 'GET', limiter: null, callers: { anonymous: true } },
    {
      path: '/session',
      method: 'DELETE',
      limiter: null,
      callers: { customer: 'read', service: 'session' },
    },
  ]

  test('are these, for these callers', () => {
    expect(create().endpoints).toEqual(
      [
        ...own,
        { path: '/session', method: 'POST', limiter: null, callers: { service: 'session' } },
        {
          path: '/session/redeem',
          method: 'POST',
          limiter: null,
          callers: { browser: true, channels: ['browser'] },
        },
      ].map((endpoint) => ({ ...endpoint, answer: expect.any(Function) })),
    )
  })

  test('make no session where the storefront has none', () => {
    expect(create(false).endpoints).toEqual(
      own.map((endpoint) => ({ ...endpoint, answer: expect.any(Function) })),
    )
  })
})

describe('who am I', () => {
  const shopper: CustomerPrincipal = { ...customer(), expiresAt: 1_715_000_000_000 }

  test.each([
    ['nobody', anonymous, 'browser', null, null],
    ['a shopper', shopper, 'app', { id: '1001' }, '2024-05-06T12:53:20.000Z'],
    ['a server', backend, 'server', null, null],
    ['a server that acts for a shopper', acting, 'server', { id: '1001' }, null],
  ] as const)('%s', async (_who, principal, channel, who, expiresAt) => {
    expect(await create().call('GET', { principal })).toEqual({
      status: 200,
      body: { storefront: 'acme', channel, customer: who, expiresAt },
    })
  })
})

describe('a session', () => {
  test.each([
    ['by default', { customerId: 'shopify-1001' }, backend],
    ['where no code is asked for', { customerId: '1001', handoff: false }, backend],
    ['by a server that acts for that shopper', { customerId: '1001' }, acting],
  ])('is made %s', async (_what, body, principal) => {
    const { clock, call, whoseToken } = create()
    const answer = await call('POST', { principal, body })
    expect(answer).toEqual({
      status: 201,
      body: { token: expect.any(String), expiresAt: new Date(clock.now() + HOUR).toISOString() },
    })
    expect(await whoseToken(textOf(answer, 'token'))).toMatchObject({ customer: '1001' })
  })

  test('is not made for anybody but the shopper whom the server acts for', async () => {
    const { call } = create()
    const made = call('POST', { principal: acting, body: { customerId: '1002' } })
    await expect(made).rejects.toMatchObject({
      code: 'policy/subject-mismatch',
      message: SOMEBODY_ELSE,
    })
  })

  test.each([
    [undefined],
    [null],
    ['1001'],
    [{}],
    [{ customerId: 1001 }],
    [{ customerId: '1001', handoff: 'true' }],
    [{ customerId: '1001', ttl: 60 }],
  ])('is not made from %j', async (body) => {
    const { call } = create()
    await expect(call('POST', { body })).rejects.toMatchObject({
      code: 'downstream/malformed',
      message: NO_CUSTOMER,
    })
  })

  test('is not made for what is no customer id', async () => {
    const { call } = create()
    expect(await codeOf(call('POST', { body: { customerId: '../1' } }))).toBe(
      'downstream/malformed',
    )
  })
})

describe('a code', () => {
  test('is made instead of a session, and traded for one in a cookie', async () => {
    const { clock, call, redeem, whoseToken } = create()
    const made = await call('POST', { body: { customerId: 'shopify-1001', handoff: true } })
    expect(made).toEqual({
      status: 201,
      body: {
        code: expect.stringMatching(/^[\w-]{43}$/),
        expiresAt: new Date(clock.now() + 60_000).toISOString(),
      },
    })
    const { headers, ...rest } = await redeem({ code: textOf(made, 'code') })
    expect(rest).toEqual({
      status: 200,
      body: {
        storefront: 'acme',
        channel: 'browser',
        customer: { id: '1001' },
        expiresAt: new Date(clock.now() + HOUR).toISOString(),
      },
    })
    const [[name, cookie] = [], ...others] = headers ?? []
    expect([name, others]).toEqual(['set-cookie', []])
    const held = /^__Host-gatehouse=(.+); Max-Age=3600; Path=\/; Secure; SameSite=Lax; HttpOnly$/
    expect(cookie).toMatch(held)
    expect(await whoseToken(held.exec(cookie ?? '')?.[1] ?? '')).toMatchObject({ customer: '1001' })
  })

  test.each(['x', '', 'x'.repeat(128)])('that nobody made is refused: %j', async (code) => {
    await expect(create().redeem({ code })).rejects.toMatchObject({
      code: 'identity/invalid',
      message: SPENT,
    })
  })

  test('works once', async () => {
    const { redeem, code } = create()
    const once = await code()
    expect(await codeOf(redeem({ code: once }))).toBe('ok')
    expect(await codeOf(redeem({ code: once }))).toBe('identity/invalid')
  })

  test.each([
    [undefined],
    [{}],
    [{ code: 1 }],
    [{ code: 'x'.repeat(129) }],
    [{ code: 'x', customerId: '1002' }],
  ])('cannot be read from %j', async (body) => {
    await expect(create().redeem(body)).rejects.toMatchObject({
      code: 'downstream/malformed',
      message: NO_CODE,
    })
  })
})

describe('the end of a session', () => {
  const shopper: CustomerPrincipal = { ...customer(), session: 's1', expiresAt: 5 }
  const GONE = { status: 204, body: null }

  test.each([
    ['a shopper’s own one', shopper, [['s1', 5]]],
    ['none, where the proof is no session', customer(), []],
    ['none, where the caller is nobody', anonymous, []],
  ] as const)('ends %s', async (_what, principal, expected) => {
    const { call, ended } = create()
    expect(await call('DELETE', { principal })).toEqual(GONE)
    expect(ended).toEqual(expected)
  })

  test.each([
    ['__Host-gatehouse=x', true],
    ['a=1; __Host-gatehouse=', true],
    ['__Host-gatehouse2=x', false],
    ['sid=1', false],
  ])('clears the cookie that came along: %s', async (cookie, isCleared) => {
    const { call } = create()
    const answer = await call('DELETE', { principal: shopper, headers: { cookie } })
    expect(answer).toEqual(isCleared ? { ...GONE, headers: [['set-cookie', CLEARED]] } : GONE)
  })

  test.each([
    ['whom it names', backend, { customerId: 'shopify-1001' }],
    ['whom it acts for', acting, undefined],
    ['whom it acts for and names', acting, { customerId: 'shopify-1001' }],
  ])('a server ends all of the customer’s, and the codes: %s', async (_what, principal, body) => {
    const { call, code, redeem, whoseToken, ended } = create()
    const tokenOf = async (customerId: string) =>
      textOf(await call('POST', { body: { customerId } }), 'token')
    const [mine, theirs] = [await tokenOf('1001'), await tokenOf('1002')]
    const [myCode, theirCode] = [await code('1001'), await code('1002')]
    expect(await call('DELETE', { principal, body })).toEqual(GONE)
    expect(ended).toEqual([])
    expect(await codeOf(whoseToken(mine))).toBe('identity/expired')
    expect(await codeOf(whoseToken(theirs))).toBe('ok')
    expect(await codeOf(redeem({ code: myCode }))).toBe('identity/invalid')
    expect(await codeOf(redeem({ code: theirCode }))).toBe('ok')
  })

  test('a server ends nobody’s where it acts for one and names another', async () => {
    const { call, redeem, code } = create()
    const [mine, theirs] = [await code('1001'), await code('1002')]
    const end = call('DELETE', { principal: acting, body: { customerId: '1002' } })
    await expect(end).rejects.toMatchObject({
      code: 'policy/subject-mismatch',
      message: SOMEBODY_ELSE,
    })
    expect(await codeOf(redeem({ code: mine }))).toBe('ok')
    expect(await codeOf(redeem({ code: theirs }))).toBe('ok')
  })

  test('a server has to say whose', async () => {
    await expect(create().call('DELETE')).rejects.toMatchObject({
      code: 'downstream/malformed',
      message: NO_CUSTOMER,
    })
  })
})

interface Asked {
  readonly path?: string
  readonly principal?: Principal
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'ok'
  } catch (error) {
    return codeOfError(error)
  }
}

function textOf({ body }: OwnAnswer, name: string): string {
  return String(Object.entries(body ?? {}).find(([key]) => key === name)?.[1])
}
