/**
 * What grows: storefronts, known shoppers, connections. Sizes that are compared run side by side
 * and are visited in turn; the ratios are found within each round.
 */
import type { Child } from './child.ts'
import { costOf } from './cost.ts'
import { startGatehouse } from './gatehouse.ts'
import { callsOf, searchAt, shopperRead } from './paths.ts'
import { floor, gatehouse } from './peers.ts'
import { median } from './percentile.ts'
import { isQuick, say } from './setting.ts'
import type { Files } from './setting.ts'
import { shopperTokens } from './shopper-tokens.ts'
import { megabytes, table } from './table.ts'

const PROBED = ['--expose-gc', '--import', new URL('probe.ts', import.meta.url).href]
const ROUNDS = isQuick ? 3 : 5
const CALLS = isQuick ? 2_000 : 4_000
/** Until what it runs is compiled, and it has made whatever it makes at first. */
const WARM_UP = isQuick ? 4_000 : 20_000

export async function measureGrowth(upstream: Child): Promise<Files> {
  const parts = [
    await measureStart(upstream),
    await growStorefronts(upstream),
    await growShoppers(upstream),
    await growConnections(upstream),
  ]
  return { 'growth.md': parts.join('\n') }
}

async function measureStart(upstream: Child): Promise<string> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now()
    const child = await startGatehouse(upstream.url)
    times.push(performance.now() - startedAt)
    await child.stop()
  }
  return `Start to ready, from source: ${median(times).toFixed(0)} ms\n`
}

async function growStorefronts(upstream: Child): Promise<string> {
  const sizes = []
  for (const count of isQuick ? [10, 1_000] : [10, 1_000, 10_000]) {
    say(`${count} storefronts`)
    const startedAt = performance.now()
    const child = await startGatehouse(upstream.url, count, PROBED)
    const start = performance.now() - startedAt
    const idle = await child.heap()
    const everywhere = searches(count, count)
    await costOf(child, { next: everywhere, count: WARM_UP })
    sizes.push({ count, start, child, idle, used: await child.heap(), everywhere })
  }
  const few = await costsOf(sizes.map(({ child, count }) => visit(child, searches(count, 10))))
  const all = await costsOf(sizes.map(({ child, everywhere }) => visit(child, everywhere)))
  for (const { child } of sizes) await child.stop()

  const least = sizes[0]
  const each = (count: number, bytes: number, base = 0): string =>
    count === least?.count ? '' : ((bytes - base) / 1024 / count).toFixed(1)
  const rows = sizes.map(({ count, start, idle, used }, at) => [
    String(count),
    start.toFixed(0),
    each(count, idle, least?.idle),
    each(count, used, least?.used),
    ...cells(few[at]),
    ...cells(all[at]),
  ])
  const head = ['storefronts', 'start ms', 'KB each, idle', 'KB each, in use']
  return table([...head, 'ten are called: µs', '×', 'all are called: µs', '×'], rows)
}

/** At so many storefronts in turn, spread over all of them. */
function searches(storefronts: number, called: number): () => Buffer {
  let n = 0
  return () => searchAt((n % called) * (storefronts / called), n++)
}

async function growShoppers(upstream: Child): Promise<string> {
  const sizes = []
  for (const count of isQuick ? [1_000, 10_000] : [1_000, 100_000]) {
    say(`${count} shoppers`)
    const child = await startGatehouse(upstream.url, 1, PROBED)
    const tokens = shopperTokens(0, count)
    const strangers = shopperTokens(count, 100)
    await costOf(child, { next: callsOf(shopperRead, strangers), count: WARM_UP })
    const before = { heap: await child.heap(), resident: child.memory() }
    const next = callsOf(shopperRead, tokens)
    await costOf(child, { next, count })
    const heap = (await child.heap()) - before.heap
    sizes.push({ count, child, next, heap, resident: child.memory() - before.resident })
  }
  const costs = await costsOf(sizes.map(({ child, next }) => visit(child, next)))
  for (const { child } of sizes) await child.stop()
  const rows = sizes.map(({ count, heap, resident }, at) => [
    String(count),
    megabytes(heap),
    megabytes(resident),
    ...cells(costs[at]),
  ])
  return table(['known shoppers', 'heap MB above idle', 'RSS MB above idle', 'µs', '×'], rows)
}

async function growConnections(upstream: Child): Promise<string> {
  const counts = isQuick ? [1, 100] : [1, 10, 100, 1_000]
  const [bare, full] = [await floor.start(upstream.url), await gatehouse.start(upstream.url)]
  const tokens = shopperTokens(0, 100)
  for (const child of [bare, full]) {
    await costOf(child, { next: callsOf(shopperRead, tokens), count: WARM_UP })
  }
  const rows = []
  for (const connections of counts) {
    say(`${connections} connections`)
    const visits = [bare, full].map((child) =>
      visit(child, callsOf(shopperRead, tokens), connections),
    )
    const [least, ours] = await costsOf(visits)
    rows.push([String(connections), ...cells(least).slice(0, 1), ...cells(ours)])
  }
  await Promise.all([bare.stop(), full.stop()])
  return table(['connections', 'floor: µs', 'Gatehouse: µs', '× floor'], rows)
}

type Visit = () => Promise<number>

/** CPU per call. */
function visit(child: Child, next: () => Buffer, connections = 50): Visit {
  return async () => (await costOf(child, { next, count: CALLS, connections })).cpu
}

interface Compared {
  readonly cpu: number
  /** Of the first one's. */
  readonly ratio: number
}

async function costsOf(visits: readonly Visit[]): Promise<Compared[]> {
  const rounds: number[][] = []
  for (let round = 0; round < ROUNDS; round++) {
    const costs: number[] = []
    for (const visit of visits) costs.push(await visit())
    rounds.push(costs)
  }
  return visits.map((_visit, at) => ({
    cpu: median(rounds.map((costs) => costs[at] ?? NaN)),
    ratio: median(rounds.map((costs) => (costs[at] ?? NaN) / (costs[0] ?? NaN))),
  }))
}

function cells(compared: Compared | undefined): string[] {
  if (compared === undefined) return []
  return [compared.cpu.toFixed(1), compared.ratio.toFixed(2)]
}
