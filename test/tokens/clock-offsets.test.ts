import { describe, expect, test } from 'vitest'
import { createClockOffsets } from '../../src/tokens/clock-offsets.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { HOUR, MINUTE, SECOND } from './kit.ts'

const origin = 'https://api.acmeapi.example'

function kit() {
  const clock = createFakeClock()
  const offsets = createClockOffsets(clock)
  const dated = (ahead: number) => ({ date: new Date(clock.now() + ahead).toUTCString() })
  return { clock, offsets, dated }
}

test('an upstream is taken to have our clock until it shows another one', () => {
  const { clock, offsets } = kit()
  expect(offsets.now(origin)).toBe(clock.now())
  expect(offsets.offset(origin)).toBe(0)
  expect(offsets.epoch(origin)).toBe(0)
})

describe('a refusal (F9)', () => {
  test.each([
    ['31 s ahead', 31 * SECOND],
    ['31 s behind', -31 * SECOND],
    ['a day ahead', 24 * HOUR],
    ['a day behind', -24 * HOUR],
    ['48 h ahead', 48 * HOUR],
    ['48 h behind', -48 * HOUR],
  ])('with a Date %s corrects the clock', (_title, ahead) => {
    const { clock, offsets, dated } = kit()
    expect(offsets.learn(origin, dated(ahead))).toBe(true)
    expect(offsets.offset(origin)).toBe(ahead)
    expect(offsets.now(origin)).toBe(clock.now() + ahead)
    expect(offsets.epoch(origin)).toBe(1)
  })

  test.each([
    ['the same Date', { date: new Date(1_715_000_000_000).toUTCString() }],
    ['30 s of difference', { date: new Date(1_715_000_030_000).toUTCString() }],
    ['more than 48 h', { date: new Date(1_715_000_001_000 + 48 * HOUR).toUTCString() }],
    ['more than 48 h back', { date: new Date(1_714_999_999_000 - 48 * HOUR).toUTCString() }],
    ['no Date', {}],
    ['a Date that is none', { date: 'soon' }],
    ['an answer out of a cache', { date: new Date(0).toUTCString(), age: '1' }],
    [
      'an answer out of a cache with a near Date',
      { date: new Date(1_715_003_600_000).toUTCString(), age: '0' },
    ],
  ])('with %s changes nothing', (_title, headers) => {
    const { clock, offsets } = kit()
    expect(offsets.learn(origin, headers)).toBe(false)
    expect(offsets.now(origin)).toBe(clock.now())
    expect(offsets.epoch(origin)).toBe(0)
  })
})

describe('a clock that is a little ahead', () => {
  test.each([
    ['one second', -SECOND],
    ['five seconds', -5 * SECOND],
    ['thirty seconds', -30 * SECOND],
  ])('by %s is no correction, but nothing is made from the future any more', (_title, ahead) => {
    const { clock, offsets, dated } = kit()
    expect(offsets.learn(origin, dated(ahead))).toBe(false)
    expect(offsets.now(origin)).toBe(clock.now() - 30 * SECOND)
    expect(offsets.offset(origin)).toBe(0)
    expect(offsets.epoch(origin)).toBe(0)
    expect(offsets.now('https://other.example')).toBe(clock.now())
  })

  test('is seen on top of a correction, and forgotten with the next one', () => {
    const { clock, offsets, dated } = kit()
    offsets.learn(origin, dated(HOUR))
    offsets.learn(origin, dated(HOUR - 2 * SECOND))
    expect(offsets.now(origin)).toBe(clock.now() + HOUR - 30 * SECOND)
    offsets.learn(origin, dated(2 * HOUR))
    expect(offsets.now(origin)).toBe(clock.now() + 2 * HOUR)
  })

  test('cannot be told from an answer that was a moment on its way', () => {
    const { clock, offsets, dated } = kit()
    const headers = dated(0)
    clock.advance(SECOND - 1)
    offsets.learn(origin, headers)
    expect(offsets.now(origin)).toBe(clock.now())
  })
})

test('what is known already is not learned again', () => {
  const { offsets, dated } = kit()
  offsets.learn(origin, dated(HOUR))
  expect(offsets.learn(origin, dated(HOUR + 20 * SECOND))).toBe(false)
  expect(offsets.offset(origin)).toBe(HOUR)
  expect(offsets.epoch(origin)).toBe(1)
})

test('a clock that jumps is followed, each time under a new epoch', () => {
  const { clock, offsets, dated } = kit()
  offsets.learn(origin, dated(HOUR))
  expect(offsets.learn(origin, dated(2 * HOUR))).toBe(true)
  expect(offsets.now(origin)).toBe(clock.now() + 2 * HOUR)
  expect(offsets.epoch(origin)).toBe(2)
})

test('a clock that is right again needs no correction, not even a small one', () => {
  const { offsets, dated } = kit()
  offsets.learn(origin, dated(HOUR))
  expect(offsets.learn(origin, dated(2 * SECOND))).toBe(true)
  expect(offsets.offset(origin)).toBe(0)
  expect(offsets.epoch(origin)).toBe(2)
})

test('time goes on under a correction', () => {
  const { clock, offsets, dated } = kit()
  offsets.learn(origin, dated(HOUR))
  const before = offsets.now(origin)
  clock.advance(MINUTE)
  expect(offsets.now(origin)).toBe(before + MINUTE)
})

test('each upstream has a clock of its own', () => {
  const { clock, offsets, dated } = kit()
  offsets.learn(origin, dated(HOUR))
  expect(offsets.now('https://other.example')).toBe(clock.now())
  expect(offsets.epoch('https://other.example')).toBe(0)
})
