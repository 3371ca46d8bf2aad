import { describe, expect, test } from 'vitest'
import { createFixedKeys, createRemoteKeys } from '../../src/identity/key-source.ts'
import type { AskOutside, Reply } from '../../src/identity/outside.ts'
import { codeOfError } from '../support/code-of.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { createSigningKey } from './log-in.ts'

const [old, next] = [createSigningKey('old'), createSigningKey('next')]
const reply = (...keys: readonly object[]): Reply => ({
  status: 200,
  headers: {},
  body: JSON.stringify({ keys }),
})

const MINUTE = 60_000
const HOUR = 60 * MINUTE

function create(answer: Reply | Error = reply(old.jwk)) {
  const clock = createFakeClock()
  const told: { answer: Reply | Error | Promise<Reply>; asked: number } = { answer, asked: 0 }
  const ask: AskOutside = async (question) => {
    told.asked += 1
    expect(question).toEqual({
      url: 'https://login.acme.example/jwks.json',
      headers: { accept: 'application/json' },
      maxBytes: 65_536,
    })
    if (told.answer instanceof Error) throw told.answer
    return told.answer
  }
  const source = createRemoteKeys('https://login.acme.example/jwks.json', ask, clock)
  const kids = async () => {
    try {
      return (await source.load()).keys.map(({ kid }) => kid).join()
    } catch (error) {
      return codeOfError(error)
    }
  }
  const reloaded = async () => {
    try {
      return (await source.reload()).keys.map(({ kid }) => kid).join()
    } catch (error) {
      return codeOfError(error)
    }
  }
  return { clock, told, source, kids, reloaded }
}

/** Until what was started in the background is done. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('a published key set', () => {
  test('is fetched when it is needed, once for everybody', async () => {
    const { told, source, kids } = create()
    expect(source.current()).toBeNull()
    expect(told.asked).toBe(0)
    expect(await Promise.all([kids(), kids(), kids()])).toEqual(['old', 'old', 'old'])
    expect(told.asked).toBe(1)
    expect(source.current()?.keys).toHaveLength(1)
  })

  test('is fetched again after ten minutes, while the old one serves', async () => {
    const { clock, told, source, kids } = create()
    await kids()
    clock.advance(10 * MINUTE)
    expect(source.current()).not.toBeNull()
    expect(told.asked).toBe(1)
    clock.advance(1)
    told.answer = reply(next.jwk)
    expect(await kids()).toBe('old')
    expect(told.asked).toBe(2)
    await settled()
    expect(await kids()).toBe('next')
    expect(told.asked).toBe(2)
  })

  test('has another epoch when it is another set, and the same when it is not', async () => {
    const { clock, told, source, kids } = create()
    await kids()
    const first = source.current()?.epoch
    clock.advance(11 * MINUTE)
    await kids()
    await settled()
    expect(source.current()?.epoch).toBe(first)
    told.answer = reply(next.jwk)
    clock.advance(11 * MINUTE)
    await kids()
    await settled()
    expect(source.current()?.epoch).not.toBe(first)
  })
})

describe('T22: a key set that cannot be had', () => {
  test.each([
    ['no connection', new Error('connect ECONNREFUSED')],
    ['a redirect', { status: 302, headers: { location: 'https://evil.example' }, body: '' }],
    ['an error', { status: 500, headers: {}, body: JSON.stringify({ keys: [next.jwk] }) }],
    ['not modified', { status: 304, headers: {}, body: '' }],
    ['HTML', { status: 200, headers: {}, body: '<html>' }],
    ['a list', { status: 200, headers: {}, body: '[]' }],
    ['no list of keys', { status: 200, headers: {}, body: '{"keys":{}}' }],
    ['no keys', reply()],
    ['too many keys', reply(...Array.from({ length: 101 }, () => next.jwk))],
    ['a key for encryption', reply({ ...next.jwk, use: 'enc' })],
    ['a shared secret', reply({ kty: 'oct', k: 'c2VjcmV0', alg: 'HS256', kid: 'old' })],
  ])('never replaces a good one: %s', async (_what, answer) => {
    const { clock, told, kids, reloaded } = create()
    await kids()
    told.answer = answer
    clock.advance(11 * MINUTE)
    expect(await kids()).toBe('old')
    await settled()
    expect(await kids()).toBe('old')
    clock.advance(30_000)
    expect(await reloaded()).toBe('identity/unavailable')
    expect(await kids()).toBe('old')
    const fresh = create(answer)
    expect(await fresh.kids()).toBe('identity/unavailable')
  })

  test('is asked for again after five seconds, not before', async () => {
    const { clock, told, kids } = create(new Error('down'))
    expect(await kids()).toBe('identity/unavailable')
    expect(await kids()).toBe('identity/unavailable')
    clock.advance(4_999)
    expect(await kids()).toBe('identity/unavailable')
    expect(told.asked).toBe(1)
    told.answer = reply(old.jwk)
    clock.advance(1)
    expect(await kids()).toBe('old')
    expect(told.asked).toBe(2)
  })

  test('leaves the old one serving for six hours, and no longer', async () => {
    const { clock, told, source, kids } = create()
    await kids()
    told.answer = new Error('down')
    clock.advance(6 * HOUR)
    expect(source.current()).not.toBeNull()
    await settled()
    clock.advance(1)
    expect(source.current()).toBeNull()
    expect(await kids()).toBe('identity/unavailable')
    told.answer = reply(next.jwk)
    clock.advance(5_000)
    expect(await kids()).toBe('next')
  })

  test('is asked about in the background at most twice a minute', async () => {
    const { clock, told, kids } = create()
    await kids()
    told.answer = new Error('down')
    clock.advance(11 * MINUTE)
    for (let second = 0; second < 60; second += 1) {
      expect(await kids()).toBe('old')
      await settled()
      clock.advance(1_000)
    }
    expect(told.asked).toBe(1 + 2)
  })
})

describe('what a caller is told', () => {
  test.each([
    ['down', new Error('down')],
    ['status 500', { ...reply(old.jwk), status: 500 }],
    ['no key set', { ...reply(), body: '<html>' }],
    ['no key set', { ...reply(), body: '{}' }],
    ['no usable key', reply()],
  ])('is when to try again, and the log why: %s', async (why, answer) => {
    const { source } = create(answer)
    const told = { code: 'identity/unavailable', retryAfter: 5, cause: new Error(why) }
    await expect(source.load()).rejects.toMatchObject(told)
    await expect(source.load()).rejects.toMatchObject(told)
  })
})

test('a hundred keys are not too many', async () => {
  const jwks = Array.from({ length: 100 }, (_, at) => ({ ...next.jwk, kid: String(at) }))
  expect((await create(reply(...jwks)).source.load()).keys).toHaveLength(100)
})

test('keys that stand in the configuration are always at hand', async () => {
  const fixed = createFixedKeys([])
  const set = { keys: [], epoch: '' }
  expect([fixed.current(), await fixed.load(), await fixed.reload()]).toEqual([set, set, set])
})

describe('T22: a key that is not there', () => {
  test('is asked for once per cool-down, however many tokens name one', async () => {
    const { clock, told, kids, reloaded } = create()
    await kids()
    clock.advance(29_999)
    for (let at = 0; at < 50; at += 1) expect(await reloaded()).toBe('old')
    expect(told.asked).toBe(1)
    clock.advance(1)
    told.answer = reply(old.jwk, next.jwk)
    expect(await Promise.all([reloaded(), reloaded()])).toEqual(['old,next', 'old,next'])
    for (let at = 0; at < 50; at += 1) expect(await reloaded()).toBe('old,next')
    expect(told.asked).toBe(2)
  })

  test('is asked for where no key is there yet', async () => {
    expect(await create().reloaded()).toBe('old')
  })

  test('is waited for where somebody has asked already', async () => {
    const { clock, told, kids, reloaded } = create(new Error('down'))
    expect(await kids()).toBe('identity/unavailable')
    let answer: (reply: Reply) => void = () => undefined
    told.answer = new Promise<Reply>((resolve) => (answer = resolve))
    clock.advance(5_000)
    const both = Promise.all([kids(), reloaded()])
    answer(reply(old.jwk))
    expect(await both).toEqual(['old', 'old'])
    expect(told.asked).toBe(2)
  })

  test('cannot be judged while the issuer is down', async () => {
    const { clock, told, kids, reloaded } = create()
    await kids()
    told.answer = new Error('down')
    clock.advance(30_000)
    expect(await reloaded()).toBe('identity/unavailable')
    expect(await reloaded()).toBe('identity/unavailable')
    expect(told.asked).toBe(2)
  })
})
