/**
 * Gatehouse with everything on, beside its peers. Every round visits every peer with every path, so
 * that a noisy minute hits them all.
 */
import type { Child } from './child.ts'
import { CONNECTIONS, costOf } from './cost.ts'
import { pace } from './load.ts'
import { callsOf, paths } from './paths.ts'
import type { Path } from './paths.ts'
import { gatehouse, peers } from './peers.ts'
import { latencyOf } from './percentile.ts'
import { barChart, comparisonTables, DIRECT } from './report.ts'
import type { Measurement } from './report.ts'
import { isQuick, say } from './setting.ts'
import type { Files } from './setting.ts'
import { shopperTokens } from './shopper-tokens.ts'

const ROUNDS = isQuick ? 2 : 5
const CALLS = isQuick ? 2_000 : 10_000
const PACED_SECONDS = 1
const WARM_UP = 1_000
/** In the first round, until what runs is compiled. */
const FIRST_WARM_UP = isQuick ? WARM_UP : 20_000
const WARM_SHOPPERS = 100
/** Cold shoppers have other numbers than warm ones. */
const FIRST_COLD = 1_000_000
/** More than there are requests in a round. */
const ROUND = 1_000_000

export async function compare(upstream: Child): Promise<Files> {
  const children = new Map([[DIRECT, upstream]])
  for (const { name, missing, start } of peers) {
    const why = missing()
    if (why === null) children.set(name, await start(upstream.url))
    else say(`skipped: ${name}: ${why}`)
  }
  const warm = shopperTokens(0, WARM_SHOPPERS)
  const all: Measurement[] = []
  for (let round = 0; round < ROUNDS; round++) {
    say(`round ${round + 1} of ${ROUNDS}`)
    for (const path of paths) {
      for (const [peer, child] of children) {
        if (path.isCold === true && peer !== gatehouse.name) continue
        const measured = await measure(child, path, round, warm)
        all.push({ peer, path: path.name, round, ...measured })
      }
    }
  }
  children.delete(DIRECT)
  for (const child of children.values()) await child.stop()
  return { 'peers.md': comparisonTables(all), 'peers.svg': barChart(all) }
}

async function measure(
  child: Child,
  path: Path,
  round: number,
  warm: readonly string[],
): Promise<Omit<Measurement, 'peer' | 'path' | 'round'>> {
  const count = Math.round(CALLS * path.weight)
  const isCold = path.isCold === true
  const paced = path.rate * PACED_SECONDS
  const tokens = isCold ? shopperTokens(FIRST_COLD + round * ROUND, count + paced) : warm
  const next = callsOf(path, tokens, round * ROUND)
  const warmUp = Math.round((round === 0 ? FIRST_WARM_UP : WARM_UP) * path.weight)
  if (!isCold) await costOf(child, { next, count: warmUp })
  const cost = await costOf(child, { next, count })
  const load = { port: child.port, next, connections: CONNECTIONS }
  const { latencies } = await pace(load, path.rate, PACED_SECONDS)
  return {
    ...cost,
    paced: latencyOf(latencies),
    memory: child.memory(),
  }
}
