/**
 * What nobody thought of: paths, headers, lengths and bodies put together at random, from the
 * pieces that requests of this kind are made of. The seed is printed; `GATEHOUSE_SEED` repeats it.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seed } from '../support/seed.ts'
import { anyBytes, anyHeaders, anyMessage, anyTarget } from './generators.ts'
import { request } from './raw-client.ts'
import { startStand } from './stand.ts'
import type { Stand } from './stand.ts'
import { tryOn } from './trial.ts'

/** The four properties, over so many requests each. */
export function describeGenerated(numRuns: number): void {
  const timeout = 30_000 + numRuns * 400
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand()
    process.stderr.write(
      `hostile requests at random: GATEHOUSE_SEED=${seed}, ${numRuns} of each kind\n`,
    )
  })
  afterAll(() => stand.close())

  /** Nothing that must not happen happens, whatever the bytes. */
  const holds = <Value>(arbitrary: fc.Arbitrary<Value>, bytesOf: (value: Value) => string) =>
    fc.assert(
      fc.asyncProperty(arbitrary, async (value) => {
        const { wrongs } = await tryOn(stand, bytesOf(value), { patience: 120 })
        expect(wrongs).toEqual([])
      }),
      { seed, numRuns },
    )

  describe('whatever comes, the upstream gets only what every server reads in the same way', () => {
    test('paths and queries', () => holds(anyTarget, (target) => request(`GET ${target}`)), timeout)

    test(
      'headers',
      () => holds(anyHeaders, (lines) => request('GET /api/widget/search?q=a', lines)),
      timeout,
    )

    test('lengths, codings and bodies', () => holds(anyMessage, (message) => message), timeout)

    test('requests with bytes turned over', () => holds(anyBytes, (bytes) => bytes), timeout)
  })
}
