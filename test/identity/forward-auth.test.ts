import { describe, expect, test } from 'vitest'
import { createCanonicalCustomer } from '../../src/identity/customer-id.ts'
import { createForwardAuthIdentifier } from '../../src/identity/forward-auth.ts'
import type { ForwardAuthOptions } from '../../src/identity/forward-auth.ts'
import type { Question, Reply } from '../../src/identity/outside.ts'
import { readProofs } from '../../src/identity/proofs.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOfError } from '../support/code-of.ts'
import { createFakeClock } from '../support/fake-clock.ts'

const url = 'https://www.acme.example/whoami'
const is = (customer: string | string[]): Reply => ({
  status: 200,
  headers: { 'x-customer-id': customer },
  body: '',
})

function create(proof: ForwardAuthOptions['proof'] = { cookie: 'sid' }, storefront = 'acme') {
  const clock = createFakeClock()
  const asked: Question[] = []
  const told: { answer: Reply | Error | Promise<Reply> } = { answer: is('1001') }
  const identify = createForwardAuthIdentifier({
    storefront,
    url,
    proof,
    idHeader: 'x-customer-id',
    canonicalCustomer: createCanonicalCustomer([(id) => id.replace(/^shopify-/, '')]),
    clock,
    ask: async (question) => {
      asked.push(question)
      if (told.answer instanceof Error) throw told.answer
      return told.answer
    },
  })
  const ask = (headers: Record<string, string>) =>
    identify(readProofs(headers), arrivalOf({ headers }))
  const say = async (cookie: string) => {
    try {
      const principal = await ask({ cookie })
      if (principal === null) return 'not mine'
      return principal.kind === 'customer' ? principal.customer : 'guest'
    } catch (error) {
      return codeOfError(error)
    }
  }
  return { clock, asked, told, identify, ask, say }
}

describe('the shop is asked whose cookie it is', () => {
  test('and its customer is the caller', async () => {
    const { clock, ask } = create()
    expect(await ask({ cookie: 'sid=abc' })).toEqual({
      kind: 'customer',
      channel: 'browser',
      customer: '1001',
      expiresAt: clock.now() + 30_000,
      session: null,
      isAmbient: true,
    })
  })

  test('with that cookie and nothing else', async () => {
    const { asked, ask } = create()
    await ask({
      cookie: 'a=1; sid=a.b-c%20d; __Host-gatehouse=x',
      'x-apikey': 'k',
      'user-agent': 'browser',
      'accept-language': 'de',
    })
    expect(asked).toEqual([{ url, headers: { cookie: 'sid=a.b-c%20d' }, maxBytes: 65_536 }])
  })

  test('with that header and nothing else', async () => {
    const { asked, ask } = create({ header: 'x-shop-token' })
    const principal = await ask({ 'x-shop-token': 'abc', cookie: 'sid=1' })
    expect(principal).toMatchObject({ customer: '1001' })
    // It does not answer for a bearer that came along.
    expect(principal).not.toHaveProperty('isBearer')
    expect(asked[0]?.headers).toEqual({ 'x-shop-token': 'abc' })
    expect(await ask({ cookie: 'sid=1' })).toBeNull()
  })

  test('with the bearer, where the shop knows it, unless somebody else has claimed it', async () => {
    const { asked, ask, identify } = create({ header: 'authorization' })
    const headers = { authorization: 'Bearer opaque' }
    const claimed = { ...readProofs(headers), bearer: null }
    expect(await identify(claimed, arrivalOf({ headers }))).toBeNull()
    const principal = await ask(headers)
    expect(principal).toMatchObject({ customer: '1001', isBearer: true, isAmbient: true })
    expect(asked[0]?.headers).toEqual({ authorization: 'Bearer opaque' })
    expect(await ask({})).toBeNull()
  })

  test('in canonical spelling', async () => {
    const { told, say } = create()
    told.answer = is('shopify-1001')
    expect(await say('sid=a')).toBe('1001')
  })

  test.each(['', 'a=1', 'sid=', 'xsid=1', 'sid2=1', 'SID=1'])(
    'but not where it is not there: %j',
    async (cookie) => {
      const { asked, say } = create()
      expect(await say(cookie)).toBe('not mine')
      expect(asked).toEqual([])
    },
  )

  test('and not where it is there twice', async () => {
    const { asked, say } = create()
    expect(await say('sid=a; sid=b')).toBe('identity/invalid')
    expect(asked).toEqual([])
  })
})

describe('what the shop answers', () => {
  const reply = (status: number, headers: Reply['headers'] = {}): Reply => ({
    status,
    headers,
    body: '',
  })
  const id = { 'x-customer-id': '1001' }

  test.each([
    [200, {}, 'guest'],
    [204, {}, 'guest'],
    [200, { 'x-customer-id': '' }, 'guest'],
    [299, id, '1001'],
    [401, id, 'identity/invalid'],
    [403, id, 'identity/invalid'],
    [199, id, 'identity/unavailable'],
    [300, id, 'identity/unavailable'],
    [301, id, 'identity/unavailable'],
    [302, id, 'identity/unavailable'],
    [304, id, 'identity/unavailable'],
    [400, id, 'identity/unavailable'],
    [404, id, 'identity/unavailable'],
    [429, id, 'identity/unavailable'],
    [500, id, 'identity/unavailable'],
    [503, {}, 'identity/unavailable'],
    [200, { 'x-customer-id': ['1001', '1002'] }, 'identity/unavailable'],
    [200, { 'x-customer-id': '1001, 1002' }, 'identity/unavailable'],
    [200, { 'x-customer-id': 'a:b' }, 'identity/unavailable'],
  ])('%i %j means %s', async (status, headers, said) => {
    const { told, say } = create()
    told.answer = reply(status, headers)
    expect(await say('sid=a')).toBe(said)
  })

  test('no id means that it is nobody', async () => {
    const { told, ask } = create()
    told.answer = reply(200)
    expect(await ask({ cookie: 'sid=a' })).toEqual({
      kind: 'anonymous',
      channel: 'browser',
      isAmbient: true,
    })
  })

  test.each([
    ['an error', reply(500), 'status 500'],
    ['two customers', is(['1001', '1002']), 'two ids'],
    ['what is no id', is('a:b'), 'an id that is none'],
    ['silence', new Error('time-out'), new Error('time-out')],
  ])('%s tells the caller when to try again, and the log why', async (_what, answer, cause) => {
    const { told, ask } = create()
    told.answer = answer
    await expect(ask({ cookie: 'sid=a' })).rejects.toMatchObject({
      code: 'identity/unavailable',
      message: 'The shop cannot be asked who calls right now.',
      retryAfter: 1,
      cause,
    })
  })

  test('nothing means that it is down', async () => {
    const { told, say } = create()
    told.answer = new Error('time-out')
    expect(await say('sid=a')).toBe('identity/unavailable')
  })
})

describe('an answer', () => {
  test('counts for thirty seconds, without waiting', async () => {
    const { clock, asked, told, ask, say } = create()
    expect(await say('sid=a')).toBe('1001')
    told.answer = is('1002')
    clock.advance(29_999)
    expect(ask({ cookie: 'sid=a' })).toMatchObject({ customer: '1001' })
    expect(asked).toHaveLength(1)
    clock.advance(1)
    expect(await say('sid=a')).toBe('1002')
    expect(asked).toHaveLength(2)
  })

  test('counts for its own cookie alone', async () => {
    const { asked, told, say } = create()
    expect(await say('sid=a')).toBe('1001')
    told.answer = is('1002')
    expect(await say('sid=b')).toBe('1002')
    expect(await say('sid=a')).toBe('1001')
    expect(asked).toHaveLength(2)
  })

  test('that refuses counts as long, and one that says nothing for a second', async () => {
    const { clock, asked, told, say } = create()
    told.answer = { status: 401, headers: {}, body: '' }
    expect(await say('sid=a')).toBe('identity/invalid')
    clock.advance(29_999)
    expect(await say('sid=a')).toBe('identity/invalid')
    expect(asked).toHaveLength(1)
    told.answer = new Error('down')
    expect(await say('sid=b')).toBe('identity/unavailable')
    clock.advance(999)
    expect(await say('sid=b')).toBe('identity/unavailable')
    expect(asked).toHaveLength(2)
    told.answer = is('1001')
    clock.advance(1)
    expect(await say('sid=b')).toBe('1001')
  })

  test('is waited for by everybody who asks the same', async () => {
    const { asked, told, say } = create()
    let answer: (reply: Reply) => void = () => undefined
    told.answer = new Promise<Reply>((resolve) => (answer = resolve))
    const all = Promise.all(Array.from({ length: 20 }, () => say('sid=a')))
    answer(is('1001'))
    expect(new Set(await all)).toEqual(new Set(['1001']))
    expect(asked).toHaveLength(1)
  })

  test('a failure is shared and then forgotten', async () => {
    const { clock, asked, told, say } = create()
    told.answer = new Error('down')
    expect(await Promise.all([say('sid=a'), say('sid=a')])).toEqual([
      'identity/unavailable',
      'identity/unavailable',
    ])
    expect(asked).toHaveLength(1)
    told.answer = is('1001')
    clock.advance(1_000)
    expect(await say('sid=a')).toBe('1001')
  })
})

test('T34: a flood of made-up cookies is no flood at the shop', async () => {
  const { asked, told, ask, say } = create()
  let answer: (reply: Reply) => void = () => undefined
  told.answer = new Promise<Reply>((resolve) => (answer = resolve))
  const waiting = Array.from({ length: 100 }, (_, at) => say(`sid=${at}`))
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(asked).toHaveLength(64)
  expect(() => ask({ cookie: 'sid=more' })).toThrow(
    expect.objectContaining({ cause: 'too many questions at once' }),
  )
  answer(is('1001'))
  const said = await Promise.all(waiting)
  expect(said.filter((one) => one === '1001')).toHaveLength(64)
  expect(said.filter((one) => one === 'identity/unavailable')).toHaveLength(36)
  told.answer = is('1001')
  expect(await say('sid=later')).toBe('1001')
})
