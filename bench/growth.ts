/** What grows: storefronts, known shoppers, start-up time. */
import { host, startGatehouse } from './gatehouse.ts'
import { saturate } from './load.ts'
import { shopperRead } from './paths.ts'
import type { Growth } from './report.ts'
import { median } from './report.ts'
import { makeSessions } from './sessions.ts'
import { measureKnownShoppers } from './shoppers.ts'

export async function measureGrowth(upstream: string, isQuick: boolean): Promise<Growth[]> {
  const counts = isQuick ? [10, 1_000] : [10, 1_000, 10_000]
  const growth: Growth[] = [await measureStart(upstream)]
  for (const count of counts) growth.push(await measureStorefronts(upstream, count))
  growth.push(await measureKnownShoppers(isQuick ? 20_000 : 100_000))
  return growth
}

async function measureStart(upstream: string): Promise<Growth> {
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    const startedAt = performance.now()
    const child = await startGatehouse(upstream)
    times.push(performance.now() - startedAt)
    await child.stop()
  }
  return { what: 'start to ready', value: `${median(times).toFixed(0)} ms` }
}

async function measureStorefronts(upstream: string, count: number): Promise<Growth> {
  const startedAt = performance.now()
  const child = await startGatehouse(upstream, count)
  const start = performance.now() - startedAt
  try {
    const [session = ''] = await makeSessions(child.url, 1, 1)
    const calls = 4_000
    const load = { port: child.port, connections: 50, next: () => shopperRead(session) }
    const anywhere = searchAnywhere(count)
    await saturate(load, 1_000)
    const before = child.cpu()
    await saturate(load, calls)
    await saturate({ ...load, next: anywhere }, calls)
    const cpu = (child.cpu() - before) / (2 * calls)
    const megabytes = child.memory() / 2 ** 20
    return {
      what: `${count} storefronts`,
      value: `start ${start.toFixed(0)} ms, ${megabytes.toFixed(0)} MB, ${cpu.toFixed(1)} µs CPU per call`,
    }
  } finally {
    await child.stop()
  }
}

/** A search at one storefront after the other. */
function searchAnywhere(count: number): () => Buffer {
  let n = 0
  return () =>
    Buffer.from(
      `GET /api/widget/search?q=tent HTTP/1.1\r\nhost: ${host(n++ % count)}\r\naccept: application/json\r\n\r\n`,
    )
}
