/**
 * What one call of something costs: bytes that it allocates, and time beside a reference.
 *
 * Bytes are counted on a heap on which nothing is collected meanwhile, so they are exact but for
 * what a compiler leaves behind; the process must have been started with `MEASURING`. Time is CPU
 * time, and is held against that of a reference which ran just before: a busy machine hardly
 * changes either.
 */
import { setImmediate } from 'node:timers/promises'
import { GCProfiler, getHeapStatistics } from 'node:v8'
import type { Operation } from './operations.ts'

/** What Node has to be started with. Room for a round, so that nothing is collected in it. */
export const MEASURING = [
  '--expose-gc',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
] as const

export interface Time {
  /** CPU of one call, all threads. These two are medians over the rounds. */
  readonly nanoseconds: number
  /** As a multiple of the reference's. */
  readonly ratio: number
  /** The same from the best round of each. */
  readonly leastRatio: number
}

export interface TimeOptions {
  readonly rounds: number
  /** CPU of a round, roughly. */
  readonly milliseconds: number
}

type Run = Operation['run']

/** A round stays well below what fits. */
const MOST_BYTES = 2 ** 20
const MOST_CALLS = 5_000

/** Lets the compilers finish with it. @param milliseconds of CPU */
export async function warmUp(run: Run, milliseconds: number): Promise<void> {
  const start = process.cpuUsage()
  while (cpuSince(start) < milliseconds * 1e6) await repeat(run, 20)
}

/** Bytes allocated by one call, on the heap and in buffers beside it: the median over rounds. */
export async function allocatedBy(run: Run, rounds: number): Promise<number> {
  const seen: number[] = []
  let calls = 50
  // A round in which the collector came is made up for, but not for ever.
  for (let round = 0; round < 3 * rounds && seen.length < rounds; round++) {
    const bytes = await allocatedIn(run, calls)
    if (bytes === null) await collect()
    else {
      seen.push(bytes)
      calls = Math.min(MOST_CALLS, Math.ceil(MOST_BYTES / Math.max(bytes, 1)))
    }
  }
  return median(seen)
}

/** Null where the collector came, and nothing can be said. */
async function allocatedIn(run: Run, calls: number): Promise<number | null> {
  const profiler = new GCProfiler()
  profiler.start()
  const before = inUse()
  await repeat(run, calls)
  const after = inUse()
  const isUndisturbed = profiler.stop().statistics.length === 0
  return isUndisturbed ? (after - before) / calls : null
}

/** Twice: buffers that one collection has found dead are let go of after it. */
async function collect(): Promise<void> {
  if (gc === undefined) throw new Error(`Node has to be started with ${MEASURING.join(' ')}`)
  for (let time = 0; time < 2; time++) {
    gc()
    await setImmediate()
  }
}

function inUse(): number {
  return getHeapStatistics().used_heap_size + process.memoryUsage().arrayBuffers
}

/** What a call takes, and how many times as much as a call of the reference. */
export async function timeOf(run: Run, reference: Run, options: TimeOptions): Promise<Time> {
  const calls = await callsIn(run, options.milliseconds)
  const referenceCalls = await callsIn(reference, options.milliseconds)
  const times: number[] = []
  const references: number[] = []
  for (let round = 0; round < options.rounds; round++) {
    references.push(await timeFor(reference, referenceCalls))
    times.push(await timeFor(run, calls))
  }
  return {
    nanoseconds: median(times),
    ratio: median(times.map((time, round) => time / (references[round] ?? NaN))),
    leastRatio: Math.min(...times) / Math.min(...references),
  }
}

/** How many calls fill a round. The best of three: a pause taken for work would make it too short. */
async function callsIn(run: Run, milliseconds: number): Promise<number> {
  for (let calls = 10; ; calls *= 4) {
    const times = [await timeFor(run, calls), await timeFor(run, calls), await timeFor(run, calls)]
    const least = Math.min(...times)
    if (least * calls > 250_000) return Math.max(1, Math.round((milliseconds * 1e6) / least))
  }
}

/** CPU nanoseconds for each of so many calls. */
async function timeFor(run: Run, calls: number): Promise<number> {
  const start = process.cpuUsage()
  await repeat(run, calls)
  return cpuSince(start) / calls
}

/** Nanoseconds, of all threads: what others do meanwhile does not count. */
function cpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) * 1e3
}

/** Where what comes out goes, so that no compiler leaves the work out. */
export const sink: { last: unknown; waste: unknown } = { last: undefined, waste: undefined }

/** Waits only for what is a promise: waiting for a value would cost more than many a call. */
async function repeat(run: Run, calls: number): Promise<void> {
  const first = run()
  if (first instanceof Promise) {
    await first
    for (let call = 1; call < calls; call++) sink.last = await run()
  } else for (let call = 1; call < calls; call++) sink.last = run()
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
