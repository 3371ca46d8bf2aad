/** F15: callers that hang up, ten thousand of them: nothing is left behind. */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRig } from '../../support/rig.ts'
import type { Rig } from '../../support/rig.ts'

const CALLERS = 10_000
const AT_ONCE = 100

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.close())

/** Calls, and hangs up after so many milliseconds. */
function hangUp(path: string, after: number): Promise<void> {
  const { port } = new URL(rig.url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
    socket.write(`GET ${path} HTTP/1.1\r\nhost: acme.example\r\n\r\n`)
    setTimeout(() => socket.resetAndDestroy(), after)
  })
}

async function round(calls: number): Promise<void> {
  for (let done = 0; done < calls; done += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) =>
        // Shared reads, reads of their own, and searches.
        hangUp(
          [
            '/api/widget/trending',
            `/api/widget/suggestions?q=${done + index}`,
            '/api/widget/search?q=tent',
          ][index % 3] ?? '',
          (index * 7) % 25,
        ),
      ),
    )
  }
  await sleep(1_000)
  rig.neuroon.received.length = 0
}

const sockets = () =>
  process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name)).length

test('sockets, timers and memory stay flat', async () => {
  rig.neuroon.faults.delay({}, 15)
  await round(CALLERS / 5)
  const before = { memory: memory(), sockets: sockets() }
  for (let part = 0; part < 4; part++) await round(CALLERS / 5)
  expect(sockets()).toBeLessThanOrEqual(before.sockets + 60)
  const grown = memory() - before.memory
  expect(grown).toBeLessThan(15)
  rig.neuroon.faults.clear()
  expect((await rig.call('/api/widget/search?q=tent')).status).toBe(200)
}, 120_000)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Megabytes in use, and not only not yet collected. The rig keeps the log: half a KB per call. */
function memory(): number {
  collect()
  return process.memoryUsage().heapUsed / 1024 / 1024
}
