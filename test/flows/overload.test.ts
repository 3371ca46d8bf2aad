/** A gateway that cannot keep up refuses calls at once, instead of answering all of them too late. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'
import { sentDuring } from '../support/sent.ts'

const search = '/api/widget/search?q=tent'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.close())

/** The gateway runs in this process: its event loop stands still as well. */
function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

test('503 downstream/overloaded while the event loop lags; then it serves again', async () => {
  expect((await rig.call(search)).status).toBe(200)
  const sent = await sentDuring(rig.neuroon, async () => {
    standStill(3_000)
    const [answer, alive, ready] = await Promise.all([
      rig.call(search),
      rig.call('/livez'),
      rig.call('/readyz'),
    ])
    expect(answer.status).toBe(503)
    expect(answer.json).toMatchObject({ code: 'downstream/overloaded' })
    expect(answer.headers['retry-after']).toBe('1')
    // Whoever restarts what does not answer would only make it worse.
    expect(alive.status).toBe(200)
    expect(ready.status).toBe(200)
  })
  expect(sent).toEqual([])
  await vi.waitFor(async () => expect((await rig.call(search)).status).toBe(200), {
    timeout: 10_000,
  })
})
