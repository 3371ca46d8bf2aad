import { afterAll, beforeAll, expect, test } from 'vitest'
import { request } from '../../hostile/raw-client.ts'
import { startLanes, tryOn } from '../../hostile/trial.ts'
import type { Lanes } from '../../hostile/trial.ts'
import { describeCorpus, lines } from '../../support/corpora.ts'

/** Milliseconds: much of this is no whole request, and no answer comes. */
const PATIENCE = 250

let lanes: Lanes
beforeAll(async () => {
  lanes = await startLanes()
})
afterAll(() => lanes.close())

describeCorpus('patt-traversal.txt', 'every path traversal', (text) => {
  test.each([
    ['below an open route', '/api/widget/'],
    ['below a mounted route', '/neuroon/api/widget/x/'],
    ['below a privileged route', '/api/plugin/shops/shop_abc/products/'],
    ['in the place of an id', '/nector/api/v2/merchant/entities/'],
    ['at the root', '/'],
  ])(
    '%s reaches no other route',
    async (_name, base) => {
      const wrong = await lanes.all(lines(text), async (stand, tail) => {
        const verdict = await tryOn(stand, request(`GET ${base}${tail}`), {
          patience: PATIENCE,
        })
        return verdict.wrongs.map((what) => `${base}${tail}: ${what}`)
      })
      expect(wrong).toEqual([])
    },
    120_000,
  )
})
