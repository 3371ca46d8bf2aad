/**
 * `npm run bench:soak`: a steady modest load of all paths for half an hour (`--minutes 5`: for five),
 * and whether memory is the same at its end as in its middle.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { CONNECTIONS } from './cost.ts'
import { startGatehouse } from './gatehouse.ts'
import { pace } from './load.ts'
import { anonymousSearch, callsOf, coldShopper, post, shopperRead, stream } from './paths.ts'
import { latencyOf, median } from './percentile.ts'
import { say, writeResults } from './setting.ts'
import { shopperTokens } from './shopper-tokens.ts'
import { startUpstream } from './start-upstream.ts'
import { megabytes, table } from './table.ts'

const RATE = 300
const EVERY = 10
/** A tenth more is taken for the noise of a heap that is collected when it likes. */
const FLAT = 1.1
const WARM_SHOPPERS = 1_000
/** One call of so many is a cold shopper's: five a second, each known from then on. */
const COLD_EVERY = 60
const STREAM_EVERY = 100

interface Sample {
  readonly second: number
  /** Bytes. */
  readonly resident: number
  /** Bytes. */
  readonly heap: number
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } })
const seconds = Number(values.minutes) * 60
const upstream = await startUpstream()
const child = await startGatehouse(upstream.url, 1, ['--import', './bench/probe.ts'])
const load = { port: child.port, connections: CONNECTIONS, next: allPaths(RATE * seconds) }
const paced = pace(load, RATE, seconds)
const samples: Sample[] = []
for (let second = EVERY; second <= seconds; second += EVERY) {
  await delay(EVERY * 1_000)
  samples.push({ second, resident: child.memory(), heap: await child.heap() })
  say(cells(samples.at(-1)).join('\t'))
}
const { calls, failures, latencies } = await paced
await child.stop()
await upstream.stop()

const { p50, p99 } = latencyOf(latencies)
const answers = `${calls} calls, ${RATE} a second, ${failures} failed; p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`
const memory = table(['second', 'RSS MB', 'heap MB'], samples.map(cells))
const verdicts = [verdict('RSS', ({ resident }) => resident), verdict('Heap', ({ heap }) => heap)]
writeResults({ 'soak.md': `${[answers, ...verdicts].join('\n\n')}\n\n${memory}` })

/** The last quarter beside the second: the first one is still filling what is filled once. */
function verdict(what: string, of: (sample: Sample) => number): string {
  const quarter = samples.length / 4
  const medianOf = (part: number) =>
    median(samples.slice(Math.floor(part * quarter), Math.floor((part + 1) * quarter)).map(of))
  const [middle, end] = [medianOf(1), medianOf(3)]
  const isFlat = end <= middle * FLAT
  return `${what} is ${isFlat ? 'flat' : 'NOT flat'}: ${megabytes(middle)} MB in the second quarter, ${megabytes(end)} MB in the last.`
}

function cells(sample: Sample | undefined): string[] {
  if (sample === undefined) return []
  return [String(sample.second), megabytes(sample.resident), megabytes(sample.heap)]
}

function allPaths(most: number): () => Buffer {
  const warm = shopperTokens(0, WARM_SHOPPERS)
  const cold = shopperTokens(WARM_SHOPPERS, Math.ceil(most / COLD_EVERY))
  const nextCold = callsOf(coldShopper, cold)
  const nextStream = callsOf(stream, [])
  const usual = [anonymousSearch, shopperRead, post].map((path) => callsOf(path, warm))
  let n = 0
  return () => {
    n += 1
    if (n % COLD_EVERY === 0) return nextCold()
    if (n % STREAM_EVERY === 1) return nextStream()
    return (usual[n % usual.length] ?? nextStream)()
  }
}
