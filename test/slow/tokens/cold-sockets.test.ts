import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ALICE, startRig } from '../../support/rig.ts'
import type { Rig } from '../../support/rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.close())

test('two thousand cold calls at once over sockets are one exchange', async () => {
  const as = await rig.session(ALICE.customer)
  const dispatcher = new Agent({ connections: 2_000, pipelining: 1 })
  const headers = { authorization: `Bearer ${as}` }
  const statuses = await Promise.all(
    Array.from({ length: 2_000 }, async () => {
      const url = `${rig.url}/api/v2/merchant/coupons`
      const { statusCode, body } = await request(url, { headers, dispatcher })
      await body.dump()
      return statusCode
    }),
  )
  await dispatcher.destroy()
  expect(statuses.filter((status) => status !== 200)).toEqual([])
  const lookUps = rig.nector.received.filter(({ headers }) => 'x-leaddigest' in headers)
  expect(lookUps).toHaveLength(1)
})
