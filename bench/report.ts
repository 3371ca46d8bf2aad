/**
 * Measurements of peers → Markdown tables and a picture. Everything that relates one peer to
 * another is found within each round, and is the median of what the rounds say.
 */
import { paths } from './paths.ts'
import { fastify, floor, gatehouse, njs } from './peers.ts'
import type { Cost } from './cost.ts'
import { median } from './percentile.ts'
import type { Latency } from './percentile.ts'
import { figure, megabytes, spellLatency, table } from './table.ts'

/** One peer, one path, one round. */
export interface Measurement extends Cost {
  readonly peer: string
  readonly path: string
  readonly round: number
  /** At the path's fixed rate. */
  readonly paced: Latency
  /** Bytes. */
  readonly memory: number
}

/** The row of the upstream itself, called without anything between. */
export const DIRECT = 'nothing between'

export function comparisonTables(all: readonly Measurement[]): string {
  const names = unique(all.map(({ path }) => path))
  const tables = names.map((path) => `## ${path}\n\n${pathTable(all, path)}`)
  return `${tables.join('\n')}\n## Gatehouse against the figures\n\n${figuresTable(all, names)}`
}

function pathTable(all: readonly Measurement[], path: string): string {
  const head = [
    'peer',
    'CPU µs/call',
    '× floor',
    'calls/s',
    'p50 / p99 ms at saturation',
    `p50 / p99 ms at ${paths.find(({ name }) => name === path)?.rate ?? 0}/s`,
    'added',
    'RSS MB',
  ]
  const of = (peer: string) => all.filter((one) => one.path === path && one.peer === peer)
  const names = unique(all.map(({ peer }) => peer)).filter((peer) => of(peer).length > 0)
  const rows = names.map((peer) => {
    const measured = of(peer)
    const isDirect = peer === DIRECT
    return [
      peer,
      isDirect ? '' : figure(median(measured.map(({ cpu }) => cpu)), 1),
      isDirect ? '' : figure(ratio(measured, of(floor.name)), 2),
      figure(median(measured.map(({ throughput }) => throughput)), 0),
      latencies(measured.map(({ latency }) => latency)),
      latencies(measured.map(({ paced }) => paced)),
      isDirect ? '' : latencies(added(measured, of(DIRECT))),
      isDirect ? '' : megabytes(median(measured.map(({ memory }) => memory))),
    ]
  })
  return table(head, rows)
}

/** The figures of the design, as measured. */
function figuresTable(all: readonly Measurement[], names: readonly string[]): string {
  const head = [
    'path',
    '× floor (1.3, aim 1.1)',
    '× @fastify/http-proxy (0.75)',
    '× nginx + njs (2)',
    'added p50 / p99 ms (0.3 / 2)',
  ]
  const rows = names.map((path) => {
    const of = (peer: string) => all.filter((one) => one.path === path && one.peer === peer)
    const measured = of(gatehouse.name)
    const ratios = [floor, fastify, njs].map(({ name }) => figure(ratio(measured, of(name)), 2))
    return [path, ...ratios, latencies(added(measured, of(DIRECT)))]
  })
  return table(head, rows)
}

/** CPU over the other's. Null where the other did not take part. */
function ratio(measured: readonly Measurement[], other: readonly Measurement[]): number | null {
  const ratios = inSameRound(measured, other).map(([mine, theirs]) => mine.cpu / theirs.cpu)
  return ratios.length === 0 ? null : median(ratios)
}

/** Latency at the fixed rate beyond the other's, of each round. */
function added(measured: readonly Measurement[], other: readonly Measurement[]): Latency[] {
  return inSameRound(measured, other).map(([{ paced: mine }, { paced: theirs }]) => ({
    p50: mine.p50 - theirs.p50,
    p99: mine.p99 - theirs.p99,
  }))
}

function inSameRound(
  measured: readonly Measurement[],
  other: readonly Measurement[],
): (readonly [Measurement, Measurement])[] {
  return measured.flatMap((mine) =>
    other.filter(({ round }) => round === mine.round).map((theirs) => [mine, theirs] as const),
  )
}

function latencies(all: readonly Latency[]): string {
  if (all.length === 0) return ''
  const p50 = median(all.map((latency) => latency.p50))
  const p99 = median(all.map((latency) => latency.p99))
  return spellLatency({ p50, p99 })
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}

const BAR = 18
const LINE = BAR + 4
/** Bars begin here; the scale is cut off at so many floors. */
const LEFT = 330
const MOST = 6
const WIDTH = 760

/** CPU per call as bars, a group for each path. */
export function barChart(all: readonly Measurement[]): string {
  const scale = (WIDTH - LEFT - 90) / MOST
  const bars = unique(all.map(({ path }) => path)).flatMap((path) => {
    const of = (peer: string) => all.filter((one) => one.path === path && one.peer === peer)
    return unique(all.map(({ peer }) => peer)).flatMap((peer) => {
      const value = peer === DIRECT ? null : ratio(of(peer), of(floor.name))
      return value === null ? [] : { path, peer, value }
    })
  })
  const lines = bars.map(({ path, peer, value }, index) => {
    const y = 30 + index * LINE
    const length = Math.min(value, MOST) * scale
    const colour = peer === gatehouse.name ? '#0a7d55' : '#9aa5b1'
    return `<text x="8" y="${y + 13}">${path}: ${peer}</text><rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" fill="${colour}"/><text x="${(LEFT + 6 + length).toFixed(1)}" y="${y + 13}">${value.toFixed(2)} ×</text>`
  })
  const height = 40 + bars.length * LINE
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/><text x="8" y="18" font-weight="bold">CPU per call, as a multiple of a bare proxy that checks nothing</text>${lines.join('')}</svg>\n`
}
