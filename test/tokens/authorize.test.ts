import { beforeEach, describe, expect, test } from 'vitest'
import { Problem } from '../../src/problem.ts'
import { withFallbacks } from '../../src/provider.ts'
import type { Credential, ExchangeAnswer, TokenKind } from '../../src/provider.ts'
import { createTokens } from '../../src/tokens/authorize.ts'
import type { Authorization, Demand } from '../../src/tokens/authorize.ts'
import type { TokenEvent } from '../../src/tokens/event.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import {
  answerOf,
  credentialOf,
  deferred,
  demandOf,
  HOUR,
  kindOf,
  mintByAccount,
  MINUTE,
  SECOND,
  tokenOf,
} from './kit.ts'

const refusal = { status: 401, headers: {} }

function kit(capacity = 100) {
  const clock = createFakeClock()
  const events: TokenEvent[] = []
  const state = {
    exchanges: 0,
    answer: (): ExchangeAnswer | Promise<ExchangeAnswer> => answerOf('A'),
  }
  const tokens = createTokens({
    clock,
    random: () => 0.5,
    capacity,
    onEvent: (event) => events.push(event),
    exchange: () => async () => {
      state.exchanges += 1
      return state.answer()
    },
  })
  const ask = async (demand: Demand) => tokens.authorize(demand)
  const types = () => events.map(({ type }) => type)
  const codeOf = async (work: Promise<unknown>) =>
    work.then(
      () => 'ok',
      (error: unknown) => (error instanceof Problem ? error.code : String(error)),
    )
  return { clock, tokens, state, ask, events, types, codeOf }
}

const learning = (rest: Partial<TokenKind> = {}) => kindOf({ mint: mintByAccount, ...rest })
const learningKey = (id = 'new', rest: Partial<TokenKind> = {}) =>
  credentialOf(id, { token: learning(rest) })
const ours = demandOf(learningKey())
/** Of the whole storefront, made here. */
const shopToken = (rest: Partial<TokenKind> = {}) =>
  kindOf({
    per: 'storefront',
    mint: (request) => mintByAccount({ ...request, account: 'S' }),
    ...rest,
  })

let k: ReturnType<typeof kit>
beforeEach(() => {
  k = kit()
})

/** The first call of a shopper, and the account learned with it. */
async function warm(demand = ours): Promise<Authorization> {
  return k.ask(demand)
}

describe('authorize', () => {
  test('a key without a token needs no promise and no token', () => {
    const credential = credentialOf('server', { token: null })
    const demand = demandOf(credential)
    expect(k.tokens.authorize(demand)).toEqual({
      demand,
      credential,
      token: null,
      account: null,
      epoch: 0,
      tuple: {
        provider: 'acmeapi',
        environment: 'production',
        storefront: 'acme',
        keyId: 'server',
        keyFingerprint: 'fingerprint-server',
        namespace: 'acme',
        customer: null,
        kind: '',
      },
    })
  })

  test('a first call exchanges, and every later one has its token at hand without a promise', async () => {
    const first = await warm()
    expect(first).toMatchObject({ account: 'A', epoch: 0, credential: { key: { id: 'new' } } })
    expect(first.tuple).toEqual({
      provider: 'acmeapi',
      environment: 'production',
      storefront: 'acme',
      keyId: 'new',
      keyFingerprint: 'fingerprint-new',
      namespace: 'acme',
      customer: '1001',
      kind: 'customer-token',
    })
    const later = k.tokens.authorize(ours)
    expect(later).not.toBeInstanceOf(Promise)
    expect(later).toMatchObject({ token: first.token, account: 'A', demand: ours })
    expect(k.state.exchanges).toBe(1)
  })

  test('a storefront’s own token is one for all its shoppers', async () => {
    const key = credentialOf('shop', { token: shopToken() })
    const one = await k.ask(demandOf(key, { customer: '1001' }))
    expect(one.tuple.customer).toBeNull()
    expect(k.tokens.authorize(demandOf(key, { customer: '1002' }))).not.toBeInstanceOf(Promise)
  })

  test('ten thousand first calls at once are one exchange', async () => {
    const { promise, resolve } = deferred<ExchangeAnswer>()
    k.state.answer = () => promise
    const all = Array.from({ length: 10_000 }, () => k.ask(ours))
    resolve(answerOf('A'))
    const values = (await Promise.all(all)).map(({ token }) => token?.value)
    expect(new Set(values).size).toBe(1)
    expect(k.state.exchanges).toBe(1)
  })

  test('two customers, storefronts or kinds never share', async () => {
    await warm()
    for (const rest of [{ customer: '1002' }, { storefront: 'other' }]) {
      k.state.answer = () => answerOf(`B-${JSON.stringify(rest)}`)
      expect((await k.ask({ ...ours, ...rest })).account).not.toBe('A')
    }
    expect(k.state.exchanges).toBe(3)
  })

  test('sizes tell what is kept', async () => {
    await warm()
    expect(k.tokens.sizes).toEqual({ tokens: 1, accounts: 1 })
  })
})

describe('renewal', () => {
  test('is done in the background while the token is served', async () => {
    const first = await warm()
    k.clock.advance(50 * MINUTE)
    const ageing = k.tokens.authorize(ours)
    expect(ageing).toMatchObject({ token: first.token })
    await Promise.resolve()
    await new Promise(setImmediate)
    const renewed = k.tokens.authorize(ours)
    expect(renewed).not.toBeInstanceOf(Promise)
    expect(renewed).not.toMatchObject({ token: first.token })
    expect(k.state.exchanges).toBe(1)
  })

  test('does not begin a moment too early', async () => {
    await warm()
    k.clock.advance(50 * MINUTE - 1)
    void k.tokens.authorize(ours)
    await new Promise(setImmediate)
    expect(k.types().filter((type) => type === 'minted')).toEqual([])
  })

  test('is spread by chance over the jitter', async () => {
    const demand = demandOf(learningKey('new', { jitter: 10 * MINUTE }))
    await warm(demand)
    k.clock.advance(55 * MINUTE - 1)
    void k.tokens.authorize(demand)
    await new Promise(setImmediate)
    expect(k.types()).not.toContain('minted')
    k.clock.advance(1)
    void k.tokens.authorize(demand)
    await new Promise(setImmediate)
    expect(k.types()).toContain('minted')
  })

  test('is one for all who ask meanwhile', async () => {
    let renewals = 0
    const { promise, resolve } = deferred<undefined>()
    const demand = demandOf(
      credentialOf('new', {
        token: kindOf({
          async mint(request) {
            if ((renewals += 1) > 1) await promise
            return mintByAccount({ ...request, account: 'A' })
          },
        }),
      }),
    )
    await warm(demand)
    k.clock.advance(50 * MINUTE)
    for (let n = 0; n < 100; n += 1) void k.tokens.authorize(demand)
    resolve(undefined)
    await new Promise(setImmediate)
    expect(renewals).toBe(2)
  })

  test('that fails leaves the old token in service, and is not tried again in the cool-down', async () => {
    let mints = 0
    const demand = demandOf(
      credentialOf('new', {
        token: kindOf({
          mint(request) {
            mints += 1
            if (mints > 1) throw new Problem('tokens/exchange-unavailable', 'Down.')
            return mintByAccount({ ...request, account: 'A' })
          },
        }),
      }),
    )
    const { token } = await warm(demand)
    k.clock.advance(50 * MINUTE)
    for (let n = 0; n < 3; n += 1) {
      expect(k.tokens.authorize(demand)).toMatchObject({ token })
      await new Promise(setImmediate)
    }
    expect(mints).toBe(2)
    k.clock.advance(3 * SECOND)
    void k.tokens.authorize(demand)
    await new Promise(setImmediate)
    expect(mints).toBe(3)
    expect(k.tokens.authorize(demand)).toMatchObject({ token })
  })

  test('is waited for only when the token may not be sent any more', async () => {
    const { token } = await warm()
    k.clock.advance(HOUR - 30 * SECOND - 1)
    expect(k.tokens.authorize(ours)).toMatchObject({ token })
    k.clock.advance(1)
    await new Promise(setImmediate)
    k.clock.advance(HOUR)
    expect(k.tokens.authorize(ours)).toBeInstanceOf(Promise)
  })

  test('thirty days of hourly calls are one exchange', async () => {
    for (let hour = 0; hour < 30 * 24; hour += 1) {
      const { token } = await k.ask(ours)
      expect(token?.expiresAt).toBeGreaterThan(k.clock.now() + 30 * SECOND)
      k.clock.advance(HOUR)
    }
    expect(k.state.exchanges).toBe(1)
  })
})

describe('a failed exchange', () => {
  const down = () =>
    Promise.reject(new Problem('tokens/exchange-unavailable', 'Down.', { retryAfter: 5 }))

  test('is shared by all who wait, and remembered for who comes next', async () => {
    k.state.answer = down
    const codes = await Promise.all([k.codeOf(k.ask(ours)), k.codeOf(k.ask(ours))])
    expect(codes).toEqual(['tokens/exchange-unavailable', 'tokens/exchange-unavailable'])
    await expect(k.ask(ours)).rejects.toMatchObject({ status: 503, retryAfter: 5 })
    expect(k.state.exchanges).toBe(1)
    expect(k.types()).toEqual(['mint-failed'])
  })

  test('is tried again when the cool-down is over', async () => {
    k.state.answer = down
    await k.codeOf(k.ask(ours))
    k.clock.advance(3 * SECOND - 1)
    await k.codeOf(k.ask(ours))
    expect(k.state.exchanges).toBe(1)
    k.clock.advance(1)
    k.state.answer = () => answerOf('A')
    expect((await k.ask(ours)).account).toBe('A')
  })

  test('of one shopper holds up no other', async () => {
    k.state.answer = down
    await k.codeOf(k.ask(ours))
    k.state.answer = () => answerOf('B')
    expect((await k.ask({ ...ours, customer: '1002' })).account).toBe('B')
  })

  test('holds up nobody whose token is at hand (F7)', async () => {
    await warm()
    k.state.answer = down
    await k.codeOf(k.ask({ ...ours, customer: '1002' }))
    expect(k.tokens.authorize(ours)).not.toBeInstanceOf(Promise)
    k.clock.advance(HOUR)
    expect((await k.ask(ours)).token?.source).toBe('minted')
  })

  test('tells what failed, with the tuple and the code', async () => {
    k.state.answer = down
    await k.codeOf(k.ask(ours))
    expect(k.events).toMatchObject([
      { type: 'mint-failed', code: 'tokens/exchange-unavailable', tuple: { customer: '1001' } },
    ])
  })
})

describe('recover, after a refusal', () => {
  test('mints once more for all who wait', async () => {
    const first = await warm()
    k.clock.advance(MINUTE)
    const all = await Promise.all(
      Array.from({ length: 1_000 }, () => k.tokens.recover(first, refusal)),
    )
    expect(new Set(all.map((again) => again?.token?.value)).size).toBe(1)
    expect(all[0]?.token?.value).not.toBe(first.token?.value)
    expect(k.types().filter((type) => type === 'minted')).toHaveLength(1)
    expect(k.types().filter((type) => type === 'rejected')).toHaveLength(1_000)
    expect(k.state.exchanges).toBe(1)
  })

  test('uses the newer token where there is one already', async () => {
    const first = await warm()
    k.clock.advance(MINUTE)
    const second = await k.tokens.recover(first, refusal)
    k.clock.advance(MINUTE)
    const late = await k.tokens.recover(first, refusal)
    expect(late?.token).toBe(second?.token)
    expect(late?.demand).toBe(first.demand)
  })

  test('removes the refused token and no newer one', async () => {
    const first = await warm()
    k.clock.advance(MINUTE)
    const second = await k.tokens.recover(first, refusal)
    await k.tokens.recover(first, refusal)
    expect(k.tokens.authorize(ours)).toMatchObject({ token: second?.token })
  })

  test('in the second of its making, a token that is a second older is another one', async () => {
    const first = await warm()
    const second = await k.tokens.recover(first, refusal)
    expect(second?.token?.value).not.toBe(first.token?.value)
    const third = second === null ? null : await k.tokens.recover(second, refusal)
    expect(third?.token?.value).not.toBe(second?.token?.value)
  })

  test('where an exchange gives the same token again, there is none, and none is asked for', async () => {
    const key = credentialOf('shop', {
      token: kindOf({
        per: 'storefront',
        async mint({ send }) {
          await send({ method: 'POST', path: '/', headers: [] })
          const now = k.clock.now()
          return tokenOf({ issuedAt: now, expiresAt: now + HOUR, source: 'issued', value: 'same' })
        },
      }),
    })
    const first = await k.ask(demandOf(key))
    expect(await k.tokens.recover(first, refusal)).toBeNull()
    expect(k.state.exchanges).toBe(2)
    const next = await k.ask(demandOf(key))
    expect(k.state.exchanges).toBe(3)
    // In its rest, refusals cost no exchange each.
    for (let n = 0; n < 5; n += 1) {
      expect(await k.tokens.recover(next, refusal)).toBeNull()
      expect(k.tokens.authorize(demandOf(key))).not.toBeInstanceOf(Promise)
    }
    expect(k.state.exchanges).toBe(3)
    k.clock.advance(3 * SECOND)
    expect(await k.tokens.recover(next, refusal)).toBeNull()
    expect(k.state.exchanges).toBe(4)
  })

  test('of a key without a token there is nothing to be made', async () => {
    const only = await k.ask(demandOf(credentialOf('server', { token: null })))
    expect(await k.tokens.recover(only, refusal)).toBeNull()
    expect(k.types()).toEqual(['rejected'])
  })

  test('throws what a failed mint threw', async () => {
    const demand = demandOf(
      credentialOf('new', {
        token: kindOf({
          async mint(request) {
            return mintByAccount({ ...request, account: null })
          },
        }),
      }),
    )
    const first = await k.ask(demand)
    k.state.answer = () => Promise.reject(new Problem('tokens/exchange-unavailable', 'Down.'))
    expect(await k.codeOf(k.tokens.recover(first, refusal))).toBe('tokens/exchange-unavailable')
    expect(await k.codeOf(k.tokens.recover(first, refusal))).toBe('tokens/exchange-unavailable')
    expect(k.state.exchanges).toBe(2)
  })
})

describe('a refusal that shows another clock (F9)', () => {
  const late = () => ({
    status: 401,
    headers: { date: new Date(k.clock.now() + 24 * HOUR).toUTCString() },
  })

  test('is told, and the next token is made for the upstream’s time', async () => {
    const first = await warm()
    const second = await k.tokens.recover(first, late())
    expect(second?.epoch).toBe(1)
    expect(second?.token?.issuedAt).toBe(k.clock.now() + 24 * HOUR)
    expect(k.events).toContainEqual({
      type: 'clock-corrected',
      provider: 'acmeapi',
      offset: 24 * HOUR,
    })
  })

  test('ends all that was made before it', async () => {
    const first = await warm()
    k.state.answer = () => answerOf('B')
    await k.ask({ ...ours, customer: '1002' })
    await k.tokens.recover(first, late())
    const again = k.tokens.authorize({ ...ours, customer: '1002' })
    expect(again).toBeInstanceOf(Promise)
    expect(await again).toMatchObject({ epoch: 1, account: 'B' })
  })

  test('is no reason to try another key, also for calls that were on their way', async () => {
    const both = demandOf(withFallbacks([learningKey('new'), learningKey('old')]))
    const first = await k.ask(both)
    expect((await k.tokens.recover(first, late()))?.credential.key.id).toBe('new')
    k.clock.advance(MINUTE)
    await k.tokens.recover(await k.ask(both), refusal)
    expect((await k.tokens.recover(first, refusal))?.credential.key.id).toBe('new')
  })
})

describe('giving up, after a second refusal', () => {
  test('holds back the shopper’s calls, and ends', async () => {
    const first = await warm()
    k.clock.advance(MINUTE)
    const second = await k.tokens.recover(first, refusal)
    if (second === null) throw new Error('another token was expected')
    k.tokens.giveUp(second, first)
    await expect(k.ask(ours)).rejects.toMatchObject({
      code: 'upstream/credential-rejected',
      retryAfter: 5,
    })
    k.clock.advance(3 * SECOND)
    expect((await k.ask(ours)).token).not.toBeNull()
    expect(k.types().filter((type) => type === 'rejected')).toHaveLength(2)
  })

  test('holds back no other shopper', async () => {
    const first = await warm()
    k.tokens.giveUp(first, first)
    k.state.answer = () => answerOf('B')
    expect((await k.ask({ ...ours, customer: '1002' })).account).toBe('B')
  })

  test('of a storefront’s own token rests the sending-again, and serves on', async () => {
    const key = credentialOf('shop', {
      token: kindOf({
        per: 'storefront',
        mint: (request) => mintByAccount({ ...request, account: 'S' }),
      }),
    })
    const first = await k.ask(demandOf(key))
    k.tokens.giveUp(first, first)
    const next = await k.ask(demandOf(key))
    expect(next.token).not.toBeNull()
    expect(await k.tokens.recover(next, refusal)).toBeNull()
    k.clock.advance(3 * SECOND)
    const later = await k.ask(demandOf(key))
    expect(await k.tokens.recover(later, refusal)).not.toBeNull()
  })

  test('of a storefront’s own token is no reason to keep a refused one, not even in the rest', async () => {
    const demand = demandOf(credentialOf('shop', { token: shopToken() }))
    const first = await k.ask(demand)
    k.tokens.giveUp(first, first)
    const next = await k.ask(demand)
    expect(await k.tokens.recover(next, refusal)).toBeNull()
    expect(k.tokens.authorize(demand)).toBeInstanceOf(Promise)
  })

  test('of two bare keys rests the sending-again with either', async () => {
    const both = withFallbacks([
      credentialOf('new', { token: null }),
      credentialOf('old', { token: null }),
    ])
    const first = await k.ask(demandOf(both))
    const second = await k.tokens.recover(first, refusal)
    if (second === null) throw new Error('the other key was expected')
    k.tokens.giveUp(second, first)
    expect(await k.tokens.recover(first, refusal)).toBeNull()
    expect(await k.tokens.recover(second, refusal)).toBeNull()
  })

  test('of a bare key rests its sending-again', async () => {
    const both = withFallbacks([
      credentialOf('new', { token: null }),
      credentialOf('old', { token: null }),
    ])
    const first = await k.ask(demandOf(both))
    k.tokens.giveUp(first, first)
    expect(await k.tokens.recover(first, refusal)).toBeNull()
    k.clock.advance(3 * SECOND)
    expect((await k.tokens.recover(first, refusal))?.credential.key.id).toBe('old')
  })
})

describe('an account that the upstream refuses (T24)', () => {
  /** Refused twice, and the cool-down is over. */
  async function refusedTwice(): Promise<void> {
    const first = await k.ask(ours)
    k.clock.advance(2 * SECOND)
    const second = await k.tokens.recover(first, refusal)
    if (second === null) throw new Error('another token was expected')
    k.tokens.giveUp(second, first)
    k.clock.advance(3 * SECOND)
  }

  test('is asked for again, once, after the cool-down', async () => {
    await refusedTwice()
    k.state.answer = () => answerOf('B')
    expect((await k.ask(ours)).account).toBe('B')
    expect(k.state.exchanges).toBe(2)
    expect(k.types()).toContain('account-changed')
    k.clock.advance(HOUR)
    expect((await k.ask(ours)).token).toMatchObject({ account: 'B', source: 'minted' })
  })

  test('is found out as well where both tokens are made within one second', async () => {
    await warm()
    k.clock.advance(2 * HOUR)
    const first = await k.ask(ours)
    const second = await k.tokens.recover(first, refusal)
    if (second === null) throw new Error('another token was expected')
    k.tokens.giveUp(second, first)
    k.clock.advance(3 * SECOND)
    k.state.answer = () => answerOf('B')
    expect((await k.ask(ours)).account).toBe('B')
  })

  test('that is somebody else’s is refused', async () => {
    await refusedTwice()
    k.state.answer = () => answerOf('B')
    await k.ask({ ...ours, customer: '1002' })
    expect(await k.codeOf(k.ask(ours))).toBe('tokens/exchange-mismatch')
  })

  test('costs no second exchange a minute where it is confirmed', async () => {
    await refusedTwice()
    await k.ask(ours)
    expect(k.state.exchanges).toBe(2)
    await refusedTwice()
    expect((await k.ask(ours)).token?.source).toBe('minted')
    expect(k.state.exchanges).toBe(2)
  })

  test('is not to blame where the token was not made here', async () => {
    const first = await warm()
    k.tokens.giveUp(first, first)
    k.clock.advance(3 * SECOND)
    expect((await k.ask(ours)).token?.source).toBe('minted')
    expect(k.state.exchanges).toBe(1)
  })

  test.each<[string, Partial<Authorization>, Partial<Authorization['tuple']>]>([
    ['the clock', { epoch: 7 }, {}],
    ['the account', { account: 'another' }, {}],
    ['the secret', {}, { keyFingerprint: 'another' }],
  ])('is not to blame where %s changed between the two', async (_title, changed, key) => {
    const first = await warm()
    k.clock.advance(MINUTE)
    const second = await k.tokens.recover(first, refusal)
    if (second === null) throw new Error('another token was expected')
    const tuple = { ...first.tuple, ...key }
    k.tokens.giveUp(second, { ...first, ...changed, tuple })
    k.clock.advance(3 * SECOND)
    expect((await k.ask(ours)).token?.source).toBe('minted')
    expect(k.state.exchanges).toBe(1)
  })

  test('is asked for again where the upstream says that it is gone', async () => {
    const first = await warm()
    k.tokens.accountGone(first)
    await expect(k.ask(ours)).rejects.toMatchObject({
      code: 'tokens/customer-unknown',
      status: 404,
    })
    k.clock.advance(3 * SECOND)
    k.state.answer = () => answerOf('B')
    expect((await k.ask(ours)).account).toBe('B')
    expect(k.state.exchanges).toBe(2)
  })

  test('is left alone where a late answer speaks of the one before', async () => {
    const first = await warm()
    k.tokens.accountGone(first)
    k.clock.advance(3 * SECOND)
    k.state.answer = () => answerOf('B')
    const second = await k.ask(ours)
    k.tokens.accountGone(first)
    expect(k.tokens.authorize(ours)).toMatchObject({ token: second.token })
  })

  test('is left alone where the token was opaque', async () => {
    const first = await warm()
    k.tokens.accountGone({ ...first, account: null })
    k.tokens.accountGone({ ...first, token: null })
    expect(k.tokens.authorize(ours)).toMatchObject({ token: first.token })
  })

  test('is nobody’s where the call went without a token', async () => {
    const bare = await k.ask(demandOf(credentialOf('server', { token: null })))
    k.tokens.accountGone(bare)
    k.tokens.accountGone({ ...bare, account: 'A' })
    expect(k.types()).toEqual([])
    expect((await warm()).account).toBe('A')
  })
})

describe('two live keys (F12)', () => {
  const both = demandOf(withFallbacks([learningKey('new'), learningKey('old')]))
  const idOf = (authorization: Authorization | null) => authorization?.credential.key.id

  test('the other one is tried after a refusal, and stays where it is taken', async () => {
    const first = await k.ask(both)
    const second = await k.tokens.recover(first, refusal)
    expect([idOf(first), idOf(second)]).toEqual(['new', 'old'])
    if (second === null) throw new Error('the other key was expected')
    k.tokens.accepted(second)
    expect(idOf(await k.ask(both))).toBe('old')
    expect(k.types()).toContain('used')
  })

  test('the new one is tried where the old one is refused in the end', async () => {
    const first = await k.ask(both)
    const second = await k.tokens.recover(first, refusal)
    if (second === null) throw new Error('the other key was expected')
    k.tokens.accepted(second)
    const third = await k.tokens.recover(await k.ask(both), refusal)
    expect(idOf(third)).toBe('new')
    if (third !== null) k.tokens.accepted(third)
    expect(idOf(await k.ask(both))).toBe('new')
  })

  test('a shopper refused under both keys is held back under both', async () => {
    const first = await k.ask(both)
    const second = await k.tokens.recover(first, refusal)
    if (second === null) throw new Error('the other key was expected')
    k.tokens.giveUp(second, first)
    expect(await k.codeOf(k.ask(both))).toBe('upstream/credential-rejected')
    expect(await k.codeOf(k.ask({ ...both, credential: second.credential }))).toBe(
      'upstream/credential-rejected',
    )
  })

  test('one shopper refused under both keys does not move the others to the old one', async () => {
    const first = await k.ask(both)
    const second = await k.tokens.recover(first, refusal)
    if (second === null) throw new Error('the other key was expected')
    k.tokens.giveUp(second, first)
    k.state.answer = () => answerOf('B')
    expect(idOf(await k.ask({ ...both, customer: '1002' }))).toBe('new')
  })

  test('a call that cannot be sent again leaves the other key to the next one', async () => {
    const once = { ...both, isReplayable: false }
    await k.tokens.recover(await k.ask(once), refusal)
    expect(idOf(await k.ask(once))).toBe('old')
  })

  test('an exchange that one key is refused for is made with the other', async () => {
    let refused = 0
    const picky = (id: string): Credential =>
      credentialOf(id, {
        token: kindOf({
          mint(request) {
            if (id === 'old') return mintByAccount(request)
            refused += 1
            throw new Problem('tokens/exchange-refused', 'No.')
          },
        }),
      })
    const demand = demandOf(withFallbacks([picky('new'), picky('old')]))
    const all = await Promise.all([k.ask(demand), k.ask(demand)])
    expect(all.map(idOf)).toEqual(['old', 'old'])
    // Remembered, and still no reason to fail.
    expect(idOf(await k.ask(demand))).toBe('old')
    expect([refused, k.state.exchanges]).toEqual([1, 1])
  })

  test('an exchange that all keys are refused for is refused, each asked once', async () => {
    const asked: string[] = []
    const refusing = (id: string) =>
      credentialOf(id, {
        token: kindOf({
          mint() {
            asked.push(id)
            throw new Problem('tokens/exchange-refused', 'No.')
          },
        }),
      })
    const demand = demandOf(withFallbacks([refusing('one'), refusing('two'), refusing('three')]))
    expect(await k.codeOf(k.ask(demand))).toBe('tokens/exchange-refused')
    expect(asked).toEqual(['one', 'two', 'three'])
  })

  test('what fails for another reason fails with every key', async () => {
    const down = credentialOf('new', {
      token: kindOf({
        mint() {
          throw new Problem('tokens/exchange-unavailable', 'Down.')
        },
      }),
    })
    const demand = demandOf(withFallbacks([down, learningKey('old')]))
    expect(await k.codeOf(k.ask(demand))).toBe('tokens/exchange-unavailable')
    expect(k.state.exchanges).toBe(0)
  })

  test('a rotated secret never finds a token of the old one', async () => {
    await warm()
    const rotated = credentialOf('new', {
      key: { id: 'new', fingerprint: 'fingerprint-rotated' },
      token: learning(),
    })
    const authorized = k.tokens.authorize(demandOf(rotated))
    expect(authorized).toBeInstanceOf(Promise)
    expect((await authorized).tuple.keyFingerprint).toBe('fingerprint-rotated')
    // The account is still known: no exchange is needed.
    expect(k.state.exchanges).toBe(1)
  })
})

describe('an optional token', () => {
  const content = demandOf(learningKey('new', { optional: true }))

  test('is attached where it costs no exchange', async () => {
    await warm()
    expect((await k.ask(content)).token).not.toBeNull()
    k.clock.advance(2 * HOUR)
    expect((await k.ask(content)).token).not.toBeNull()
    expect(k.state.exchanges).toBe(1)
  })

  test('is left away where it would cost one, and for nobody', async () => {
    const bare = k.tokens.authorize(content)
    expect(bare).toMatchObject({ token: null, account: null, tuple: { customer: null, kind: '' } })
    expect(k.tokens.authorize({ ...content, customer: null })).toMatchObject({ token: null })
    expect(k.state.exchanges).toBe(0)
  })

  test('of a storefront is made', async () => {
    const demand = demandOf(
      credentialOf('shop', {
        token: kindOf({
          per: 'storefront',
          optional: true,
          mint: (request) => mintByAccount({ ...request, account: 'S' }),
        }),
      }),
    )
    expect((await k.ask(demand)).token).not.toBeNull()
  })

  test('is left away after it was refused, and the call goes through without it', async () => {
    await warm()
    const first = await k.ask(content)
    const second = await k.tokens.recover(first, refusal)
    expect(second).toMatchObject({ token: null, credential: content.credential })
    expect((await k.ask(content)).token).toBeNull()
    k.clock.advance(3 * SECOND)
    expect((await k.ask(content)).token).not.toBeNull()
  })

  test('being refused is no reason to refuse the shopper’s other calls', async () => {
    await warm()
    const first = await k.ask(content)
    k.clock.advance(MINUTE)
    const second = await k.tokens.recover(first, refusal)
    if (second !== null) k.tokens.giveUp(second, first)
    const own = await k.ask(ours)
    expect(own.token).not.toBeNull()
    k.clock.advance(MINUTE)
    expect(await k.tokens.recover(own, refusal)).not.toBeNull()
  })

  test('is left away while the shopper’s calls are held back', async () => {
    const first = await warm()
    k.tokens.giveUp(first, first)
    expect((await k.ask(content)).token).toBeNull()
  })

  test('an anonymous call that is refused is a rejected credential and no failure of ours', async () => {
    const bare = await k.ask({ ...content, customer: null })
    expect(await k.tokens.recover(bare, refusal)).toBeNull()
    expect(k.types()).toEqual(['rejected'])
  })
})

describe('memory', () => {
  test('is bounded, and who is forgotten is asked for again', async () => {
    k = kit(1)
    await warm()
    k.state.answer = () => answerOf('B')
    await k.ask({ ...ours, customer: '1002' })
    expect(k.tokens.sizes).toEqual({ tokens: 1, accounts: 1 })
    k.state.answer = () => answerOf('A')
    expect((await k.ask(ours)).account).toBe('A')
    expect(k.state.exchanges).toBe(3)
  })
})
