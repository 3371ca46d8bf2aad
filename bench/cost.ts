import type { Child } from './child.ts'
import { saturate } from './load.ts'
import { latencyOf } from './percentile.ts'
import type { Latency } from './percentile.ts'

/** What a process spends, and how soon it answers, while it is asked as much as it can take. */
export interface Cost {
  /** Microseconds of CPU per call. */
  readonly cpu: number
  /** Calls per second. */
  readonly throughput: number
  readonly latency: Latency
}

export interface Calls {
  readonly next: () => Buffer
  readonly count: number
  readonly connections?: number
}

export const CONNECTIONS = 50

/** Connecting is not counted. Says when calls fail: who refuses is no measure of who serves. */
export async function costOf(
  child: Child,
  { next, count, connections = CONNECTIONS }: Calls,
): Promise<Cost> {
  let before = 0
  const onOpen = () => (before = child.cpu())
  const { port } = child
  const { failures, duration, latencies } = await saturate(
    { port, next, connections, onOpen },
    count,
  )
  const cpu = (child.cpu() - before) / count
  if (failures > 0) process.stdout.write(`  ${failures} of ${count} failed: ${child.command}\n`)
  return { cpu, throughput: (count / duration) * 1000, latency: latencyOf(latencies) }
}
