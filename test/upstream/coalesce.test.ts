import { beforeEach, describe, expect, test } from 'vitest'
import { Problem } from '../../src/problem.ts'
import { Flight } from '../../src/upstream/coalesce.ts'

const head = (headers: Record<string, string> = {}) => ({ status: 200, headers })
const gone = new Problem('downstream/malformed', 'The caller hung up.')

let flight: Flight
beforeEach(() => {
  flight = new Flight()
})

describe('whoever joins', () => {
  test('gets the whole answer', async () => {
    const joined = [flight.join(), flight.join()]
    flight.begin(head())
    flight.data(Buffer.from('re'))
    flight.data(Buffer.from('views'))
    const whole = flight.end()
    if (whole === null) throw new Error('it is not held')
    flight.land(whole)
    for (const { answer } of joined) await expect(answer).resolves.toBe(whole)
    expect(whole.body.toString()).toBe('reviews')
  })

  test('fails as the leader does', async () => {
    const { answer } = flight.join()
    const problem = new Problem('upstream/timeout', 'Nector did not answer in time.')
    flight.fail(problem)
    await expect(answer).rejects.toBe(problem)
  })

  test.each([
    ['says that it is too long', { 'content-length': '65537' }, []],
    ['turns out too long', {}, [40_000, 40_000]],
    ['has no end', { 'content-type': 'text/event-stream; charset=utf-8' }, []],
  ])('goes alone where the answer %s', async (_what, headers, chunks) => {
    const { answer } = flight.join()
    flight.begin(head(headers))
    for (const size of chunks) flight.data(Buffer.alloc(size))
    await expect(answer).resolves.toBe('alone')
    await expect(flight.join().answer).resolves.toBe('alone')
    expect(flight.isWanted).toBe(false)
    expect(flight.end()).toBeNull()
  })

  test('gets an answer of 64 KiB', () => {
    flight.begin(head({ 'content-length': '65536' }))
    flight.data(Buffer.alloc(65_536))
    expect(flight.end()?.body).toHaveLength(65_536)
  })

  test('may leave, and the last one to leave tells', async () => {
    let deserted = 0
    flight.onDeserted = () => (deserted += 1)
    const [first, second] = [flight.join(), flight.join()]
    first.leave(gone)
    expect(flight.isWanted).toBe(true)
    second.leave(gone)
    second.leave(gone)
    expect([flight.isWanted, deserted]).toEqual([false, 1])
    await expect(first.answer).rejects.toBe(gone)
    await expect(second.answer).rejects.toBe(gone)
  })
})
