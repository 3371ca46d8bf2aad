import { afterAll, beforeAll } from 'vitest'
import { startRig } from '../../support/rig.ts'
import type { Answer, Rig, RigOptions } from '../../support/rig.ts'

export const base = '/api/v2/merchant'

/** One gateway for all tests of a block. */
export function useRig(options: RigOptions): () => Rig {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig(options)
  })
  afterAll(() => rig.close())
  return () => rig
}

/** The shopper's own data, of which no two are alike: a query of its own keeps calls apart. */
export async function own(rig: Rig, customer: string, path = 'coupons'): Promise<Answer> {
  const as = await rig.session(customer)
  return rig.call(`${base}/${path}`, { as })
}

let searches = 0

/** A search that nobody else makes at the moment. */
export function search(rig: Rig): Promise<Answer> {
  searches += 1
  return rig.call(`/api/widget/search?q=tea${searches}`)
}

export function lookUps(rig: Rig): number {
  return rig.nector.received.filter(({ headers }) => 'x-leaddigest' in headers).length
}
