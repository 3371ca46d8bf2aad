import { expect, test } from 'vitest'
import { createSingleFlight } from '../../src/tokens/single-flight.ts'
import { deferred } from './kit.ts'

test('whoever asks while it runs gets the same result of one piece of work', async () => {
  const flights = createSingleFlight<string>()
  const { promise, resolve } = deferred<string>()
  let begun = 0
  const work = () => {
    begun += 1
    return promise
  }
  const all = Array.from({ length: 1_000 }, () => flights.run('key', work))
  expect(flights.isRunning('key')).toBe(true)
  resolve('done')
  expect(new Set(await Promise.all(all))).toEqual(new Set(['done']))
  expect(begun).toBe(1)
  expect(flights.isRunning('key')).toBe(false)
})

test('all share the error, nobody hangs, and the next one begins anew', async () => {
  const flights = createSingleFlight<string>()
  const { promise, reject } = deferred<string>()
  const all = [flights.run('key', () => promise), flights.run('key', () => promise)]
  reject(new Error('down'))
  const settled = await Promise.allSettled(all)
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(flights.isRunning('key')).toBe(false)
  expect(await flights.run('key', () => Promise.resolve('up'))).toBe('up')
})

test('another key is another piece of work', async () => {
  const flights = createSingleFlight<string>()
  const { promise, resolve } = deferred<string>()
  const waiting = flights.run('one', () => promise)
  expect(flights.isRunning('other')).toBe(false)
  expect(await flights.run('other', () => Promise.resolve('other'))).toBe('other')
  resolve('one')
  expect(await waiting).toBe('one')
})

test('the work begins at once', () => {
  const flights = createSingleFlight<string>()
  let isBegun = false
  void flights.run('key', () => {
    isBegun = true
    return Promise.resolve('')
  })
  expect(isBegun).toBe(true)
})
