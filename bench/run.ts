/**
 * `npm run bench`: Gatehouse with everything on, beside its peers, in one run.
 *
 * Every round visits every peer with every path, so that a noisy minute hits them all; medians
 * over the rounds, and ratios to the floor, are what may be quoted. CPU comes from /proc.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { startChild } from './child.ts'
import type { Child } from './child.ts'
import { SIGNING_SECRET } from './gatehouse.ts'
import { measureGrowth } from './growth.ts'
import { pace, percentile, saturate } from './load.ts'
import { paths } from './paths.ts'
import type { Path } from './paths.ts'
import { peers } from './peers.ts'
import type { Peer } from './peers.ts'
import { barChart, growthTable, table } from './report.ts'
import type { Measurement } from './report.ts'
import { makeSessions } from './sessions.ts'

const isQuick = process.argv.includes('--quick')
const ROUNDS = isQuick ? 3 : 7
const CALLS = isQuick ? 3_000 : 8_000
const CONNECTIONS = 50
const RATE = 1_000
const PACED_SECONDS = isQuick ? 2 : 5

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  const upstream = await startChild(
    [process.execPath, new URL('upstream.ts', import.meta.url).pathname, 'none'],
    { BENCH_SIGNING_SECRET: SIGNING_SECRET },
  )
  try {
    const present = peers.filter(isPresent)
    const measurements = await compare(upstream, present)
    const growth = await measureGrowth(upstream.url, isQuick)
    const machine = `${cpus().length} cores, Node ${process.version}, ${ROUNDS} rounds, ${new Date().toISOString().slice(0, 10)}`
    const text = `${machine}\n\n${table(measurements)}\n${growthTable(growth)}`
    mkdirSync(new URL('results/', import.meta.url), { recursive: true })
    writeFileSync(new URL('results/latest.md', import.meta.url), text)
    writeFileSync(new URL('results/latest.svg', import.meta.url), barChart(measurements))
    say(`\n${text}`)
  } finally {
    await upstream.stop()
  }
}

function isPresent(peer: Peer): boolean {
  const why = peer.missing()
  if (why !== null) say(`skipped: ${peer.name}: ${why}`)
  return why === null
}

async function compare(upstream: Child, present: readonly Peer[]): Promise<Measurement[]> {
  const children = new Map<Peer, Child>()
  try {
    for (const peer of present) children.set(peer, await peer.start(upstream.url))
    const collected: Measurement[] = []
    for (let round = 0; round < ROUNDS; round++) {
      say(`round ${round + 1} of ${ROUNDS}`)
      for (const path of paths) {
        for (const [peer, child] of children) {
          if (path.isGatewayOnly === true && peer.name !== 'Gatehouse') continue
          collected.push(await measure(peer, child, path, round))
        }
      }
    }
    return collected
  } finally {
    for (const child of children.values()) await child.stop()
  }
}

async function measure(peer: Peer, child: Child, path: Path, round: number): Promise<Measurement> {
  const calls = Math.max(200, Math.round(CALLS * path.weight))
  // Every cold shopper is a new one, in every round.
  const isCold = path.isGatewayOnly === true
  const first = isCold ? 10_000 + round * calls : 0
  const count = isCold ? calls : 100
  const sessions =
    peer.name === 'Gatehouse' ? await makeSessions(child.url, first, count) : ['none']
  let n = 0
  const requests = Array.from({ length: count }, (_, at) =>
    path.request(at, () => sessions[at % sessions.length] ?? ''),
  )
  const next = (): Buffer => requests[n++ % requests.length] ?? Buffer.alloc(0)
  const load = { port: child.port, next, connections: CONNECTIONS }
  if (!isCold) await saturate(load, Math.min(1_000, calls))

  const before = child.cpu()
  const fast = await saturate(load, calls)
  const cpu = (child.cpu() - before) / calls
  const steady = isCold || path.weight < 1 ? null : await pace(load, RATE, PACED_SECONDS)
  if (fast.failures > 0) say(`  ${peer.name}, ${path.name}: ${fast.failures} of ${calls} failed`)
  return {
    peer: peer.name,
    path: path.name,
    cpu,
    throughput: (calls / fast.duration) * 1000,
    saturated: { p50: percentile(fast.latencies, 0.5), p99: percentile(fast.latencies, 0.99) },
    paced:
      steady === null
        ? null
        : { p50: percentile(steady.latencies, 0.5), p99: percentile(steady.latencies, 0.99) },
    memory: child.memory(),
  }
}

await main()
