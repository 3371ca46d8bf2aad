import { describe, expect, test } from 'vitest'
import { Problem } from '../../src/problem.ts'
import type { ExchangeAnswer, MintRequest, TokenKind } from '../../src/provider.ts'
import { createAccounts } from '../../src/tokens/accounts.ts'
import { createClockOffsets } from '../../src/tokens/clock-offsets.ts'
import type { TokenEvent } from '../../src/tokens/event.ts'
import { createMint } from '../../src/tokens/mint.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { answerOf, HOUR, kindOf, MINUTE, SECOND, tokenOf, tupleOf, upstreamOf } from './kit.ts'

const LAST_MOMENTS = 30 * SECOND
/** Of a clock an hour ahead. */
const ANOTHER = new Date(createFakeClock().now() + HOUR).toUTCString()

function kit(answers: readonly ExchangeAnswer[] = []) {
  const clock = createFakeClock()
  const accounts = createAccounts(10)
  const offsets = createClockOffsets(clock)
  const events: TokenEvent[] = []
  const left = [...answers]
  const upstream = upstreamOf()
  const asked: string[] = []
  const mint = createMint({
    clock,
    accounts,
    offsets,
    random: () => 0.5,
    onEvent: (event) => events.push(event),
    exchange: (of) => async (request) => {
      asked.push(`${of.provider} ${request.path}`)
      const answer = left.shift()
      if (answer === undefined) throw new Error('no exchange was expected')
      clock.advance(2 * SECOND)
      return answer
    },
  })
  const run = (kind: TokenKind, tuple = tupleOf(), age = 0) => mint(upstream, kind, tuple, age)
  const types = () => events.map(({ type }) => type)
  return { clock, accounts, offsets, events, types, upstream, asked, run }
}

/** Good for an hour from the moment it is asked for. */
const hourly = (rest: Parameters<typeof tokenOf>[0] = {}) =>
  kindOf({
    mint: ({ now }) =>
      tokenOf({ issuedAt: now, expiresAt: now + HOUR, refreshAt: now + 50 * MINUTE, ...rest }),
  })

const exchanging = (rest: Parameters<typeof tokenOf>[0] = {}) =>
  kindOf({
    async mint({ now, send }) {
      const { status, body } = await send({ method: 'GET', path: '/ask', headers: [] })
      if (status !== 200) throw new Problem('tokens/exchange-refused', 'No.')
      return tokenOf({
        issuedAt: now,
        expiresAt: now + HOUR,
        refreshAt: now + 50 * MINUTE,
        account: body,
        source: 'exchanged',
        ...rest,
      })
    },
  })

describe('a token made here', () => {
  test('is made for the customer, with the account that is known, at the upstream’s time', async () => {
    const { run, clock, accounts, offsets, upstream, types } = kit()
    accounts.learn(tupleOf(), 'A', 0)
    const date = new Date(clock.now() + HOUR).toUTCString()
    offsets.learn(upstream.origin, { date })
    const seen: MintRequest[] = []
    const kind = kindOf({
      mint(request) {
        seen.push(request)
        return tokenOf({ expiresAt: request.now + HOUR })
      },
    })
    const entry = await run(kind)
    expect(seen).toMatchObject([{ customer: '1001', account: 'A', now: clock.now() + HOUR }])
    expect(entry.epoch).toBe(1)
    expect(types()).toEqual(['minted'])
  })

  test('has its lifetime on the monotonic clock, less its last moments', async () => {
    const { run, clock } = kit()
    const kind = { ...hourly(), jitter: 10 * MINUTE }
    const entry = await run(kind)
    expect(entry.mustRefreshAt).toBe(clock.monotonic() + HOUR - LAST_MOMENTS)
    expect(entry.shouldRefreshAt).toBe(clock.monotonic() + 50 * MINUTE + 5 * MINUTE)
    expect(entry.tuple).toEqual(tupleOf())
  })

  test('can be dated back, and lives no longer for it', async () => {
    const { run, clock } = kit()
    const entry = await run(hourly(), tupleOf(), SECOND)
    expect(entry.token.issuedAt).toBe(clock.now() - SECOND)
    expect(entry.mustRefreshAt).toBe(clock.monotonic() + HOUR - SECOND - LAST_MOMENTS)
  })

  test('teaches no account', async () => {
    const { run, accounts, types } = kit()
    await run(hourly({ account: 'A' }))
    expect(accounts.size).toBe(0)
    expect(types()).toEqual(['minted'])
  })

  test('for a whole storefront is nobody’s account', async () => {
    const { run, accounts } = kit()
    accounts.learn(tupleOf(), 'A', 0)
    const seen: MintRequest[] = []
    const kind = hourly()
    await run({
      ...kind,
      per: 'storefront',
      mint(request) {
        seen.push(request)
        return kind.mint(request)
      },
    })
    expect(seen).toMatchObject([{ account: null }])
  })
})

describe('an exchange', () => {
  test('goes to the upstream and teaches the account', async () => {
    const { run, accounts, types, asked } = kit([answerOf('A')])
    await run(exchanging())
    expect(asked).toEqual(['acmeapi /ask'])
    expect(accounts.find(tupleOf())).toBe('A')
    expect(types()).toEqual(['account-learned', 'exchanged'])
  })

  test('counts the lifetime from before it was sent: the answer may be long on its way', async () => {
    const { run, clock } = kit([answerOf('A')])
    const before = clock.monotonic()
    const entry = await run(exchanging())
    expect(clock.monotonic()).toBe(before + 2 * SECOND)
    expect(entry.mustRefreshAt).toBe(before + HOUR - LAST_MOMENTS)
    expect(entry.shouldRefreshAt).toBe(before + 50 * MINUTE)
  })

  test('that confirms the account is no event of its own', async () => {
    const { run, accounts, types } = kit([answerOf('A')])
    accounts.learn(tupleOf(), 'A', 0)
    accounts.doubt(tupleOf(), 'A', 0)
    await run(exchanging())
    expect(types()).toEqual(['exchanged'])
  })

  test('that changes the account is told', async () => {
    const { run, accounts, events } = kit([answerOf('B')])
    accounts.learn(tupleOf(), 'A', 0)
    accounts.doubt(tupleOf(), 'A', 0)
    await run(exchanging())
    expect(events[0]).toEqual({ type: 'account-changed', tuple: tupleOf() })
  })

  test('with another customer’s account is refused, and nothing is told or kept', async () => {
    const { run, accounts, types } = kit([answerOf('A')])
    accounts.learn(tupleOf({ customer: '1002' }), 'A', 0)
    await expect(run(exchanging())).rejects.toMatchObject({ code: 'tokens/exchange-mismatch' })
    expect(accounts.find(tupleOf())).toBeNull()
    expect(types()).toEqual([])
  })

  test('that gives an opaque token teaches nothing', async () => {
    const { run, accounts, types } = kit([answerOf('')])
    await run(exchanging({ account: null }))
    expect(accounts.size).toBe(0)
    expect(types()).toEqual(['exchanged'])
  })
})

describe('a token that is old when it comes', () => {
  test.each([
    ['has ended', 0],
    ['is in its last moments', LAST_MOMENTS],
  ])('and %s is refused', async (_title, left) => {
    const { run } = kit()
    const kind = kindOf({ mint: ({ now }) => tokenOf({ expiresAt: now + left }) })
    await expect(run(kind)).rejects.toMatchObject({ code: 'tokens/exchange-refused' })
  })

  test('and still good is not renewed before a minute is over', async () => {
    const { run, clock } = kit()
    const kind = kindOf({
      mint: ({ now }) => tokenOf({ expiresAt: now + LAST_MOMENTS + 1, refreshAt: now - HOUR }),
    })
    const entry = await run(kind)
    expect(entry.mustRefreshAt).toBe(clock.monotonic() + 1)
    expect(entry.shouldRefreshAt).toBe(clock.monotonic() + MINUTE)
  })

  test('never lives longer than from its making to its end, whatever our clock says', async () => {
    const { run, clock } = kit([answerOf('A')])
    const before = clock.monotonic()
    // Our clock is 50 s behind: the token seems to have an hour and 50 s before it.
    const ahead = clock.now() + 50 * SECOND
    const entry = await run(exchanging({ issuedAt: ahead, expiresAt: ahead + HOUR }))
    expect(entry.mustRefreshAt).toBe(before + HOUR - LAST_MOMENTS)
  })
})

describe('a refusal that shows another clock (F9)', () => {
  const late = (clock: { now(): number }) => ({
    status: 401,
    headers: { date: new Date(clock.now() + HOUR).toUTCString() },
  })

  test('is followed by one more try under the corrected clock', async () => {
    const clock = createFakeClock()
    const { run, types, events, offsets, upstream } = kit([
      answerOf('', late(clock)),
      answerOf('A'),
    ])
    const entry = await run(exchanging())
    expect(entry.epoch).toBe(1)
    expect(types()).toEqual(['clock-corrected', 'account-learned', 'exchanged'])
    const offset = offsets.offset(upstream.origin)
    expect(events[0]).toMatchObject({ provider: 'acmeapi', offset })
    expect(offset).toBeGreaterThan(HOUR - 3 * SECOND)
  })

  test('is tried once more and no more', async () => {
    const clock = createFakeClock()
    const { run, asked } = kit([answerOf('', late(clock)), answerOf('', { status: 401 })])
    await expect(run(exchanging())).rejects.toMatchObject({ code: 'tokens/exchange-refused' })
    expect(asked).toHaveLength(2)
  })

  test('also where a token did not verify', async () => {
    const clock = createFakeClock()
    const { run } = kit([answerOf('A', late(clock)), answerOf('A')])
    let tries = 0
    const kind = exchanging()
    const entry = await run({
      ...kind,
      async mint(request) {
        tries += 1
        const token = await kind.mint({
          ...request,
          send: async (sent) => ({ ...(await request.send(sent)), status: 200 }),
        })
        if (tries === 1) throw new Problem('tokens/exchange-mismatch', 'Not verified.')
        return token
      },
    })
    expect([tries, entry.epoch]).toEqual([2, 1])
  })

  test('also where the token that came had ended by our clock', async () => {
    const { run, types, clock } = kit([
      answerOf('A', { headers: { date: new Date(1_715_000_000_000 - 24 * HOUR).toUTCString() } }),
      answerOf('A'),
    ])
    const made = clock.now() - 24 * HOUR
    const entry = await run(exchanging({ issuedAt: made, expiresAt: made + 24 * HOUR }))
    expect(types()).toContain('clock-corrected')
    expect(entry.mustRefreshAt).toBeGreaterThan(clock.monotonic() + 23 * HOUR)
  })

  test.each([
    ['the clock is right', 'tokens/exchange-refused', {}],
    [
      'the customer is not enrolled',
      'tokens/customer-unknown',
      { date: new Date(0).toUTCString() },
    ],
    ['there was no answer', 'tokens/exchange-unavailable', { date: ANOTHER }],
  ] as const)('but not where %s', async (_title, code, headers) => {
    const { run, asked, types } = kit([answerOf('', { headers })])
    const kind = kindOf({
      async mint({ send }) {
        await send({ method: 'GET', path: '/ask', headers: [] })
        throw new Problem(code, 'No.')
      },
    })
    await expect(run(kind)).rejects.toMatchObject({ code })
    expect(asked).toHaveLength(1)
    expect(types()).toEqual([])
  })

  test('and never where nothing was asked', async () => {
    const { run, types } = kit()
    const kind = kindOf({
      mint() {
        throw new Problem('tokens/exchange-refused', 'No.')
      },
    })
    await expect(run(kind)).rejects.toMatchObject({ code: 'tokens/exchange-refused' })
    expect(types()).toEqual([])
  })
})
