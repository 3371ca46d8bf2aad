/** Measurements → a Markdown table and a picture. Medians over rounds, ratios to the floor. */

export interface Measurement {
  readonly peer: string
  readonly path: string
  /** Microseconds per call. */
  readonly cpu: number
  /** Calls per second at saturation. */
  readonly throughput: number
  readonly saturated: Latency
  /** At a fixed rate; null where the path is not paced. */
  readonly paced: Latency | null
  /** Bytes. */
  readonly memory: number
}

export interface Latency {
  readonly p50: number
  readonly p99: number
}

export interface Growth {
  readonly what: string
  readonly value: string
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

export interface Row {
  readonly path: string
  readonly peer: string
  readonly cpu: number
  /** CPU over the floor's, in the same round, medians of that. */
  readonly ratio: number
  readonly throughput: number
  readonly saturated: Latency
  readonly paced: Latency | null
  readonly memory: number
}

export function rows(measurements: readonly Measurement[]): Row[] {
  const names = [...new Set(measurements.map(({ peer }) => peer))]
  const pathNames = [...new Set(measurements.map(({ path }) => path))]
  return pathNames.flatMap((path) => {
    const of = (peer: string) => measurements.filter((m) => m.path === path && m.peer === peer)
    const floor = of(names[0] ?? '').map(({ cpu }) => cpu)
    return names
      .filter((peer) => of(peer).length > 0)
      .map((peer) => summarize(path, peer, of(peer), floor))
  })
}

function summarize(
  path: string,
  peer: string,
  measured: readonly Measurement[],
  floor: readonly number[],
): Row {
  const latency = (pick: (m: Measurement) => Latency | null): Latency | null => {
    const all = measured.map(pick).filter((value) => value !== null)
    if (all.length === 0) return null
    return { p50: median(all.map(({ p50 }) => p50)), p99: median(all.map(({ p99 }) => p99)) }
  }
  return {
    path,
    peer,
    cpu: median(measured.map(({ cpu }) => cpu)),
    ratio: median(measured.map(({ cpu }, round) => cpu / (floor[round] ?? NaN))),
    throughput: median(measured.map(({ throughput }) => throughput)),
    saturated: latency((m) => m.saturated) ?? { p50: 0, p99: 0 },
    paced: latency((m) => m.paced),
    memory: median(measured.map(({ memory }) => memory)),
  }
}

export function table(measurements: readonly Measurement[]): string {
  const head =
    '| path | peer | CPU µs/call | × floor | calls/s | p50 / p99 ms at saturation | p50 / p99 ms at 1 000/s | RSS MB |\n|---|---|---:|---:|---:|---:|---:|---:|\n'
  const lines = rows(measurements).map((row) =>
    [
      '',
      row.path,
      row.peer,
      row.cpu.toFixed(1),
      Number.isNaN(row.ratio) ? '' : row.ratio.toFixed(2),
      row.throughput.toFixed(0),
      pair(row.saturated),
      row.paced === null ? '' : pair(row.paced),
      (row.memory / 2 ** 20).toFixed(0),
      '',
    ].join(' | '),
  )
  return `${head}${lines.map((line) => line.trim()).join('\n')}\n`
}

function pair({ p50, p99 }: Latency): string {
  return `${p50.toFixed(2)} / ${p99.toFixed(2)}`
}

export function growthTable(growth: readonly Growth[]): string {
  const lines = growth.map(({ what, value }) => `| ${what} | ${value} |`)
  return `| growth | measured |\n|---|---|\n${lines.join('\n')}\n`
}

/** CPU per call as bars, a group for each path; the scale is cut off at six floors. */
export function barChart(measurements: readonly Measurement[]): string {
  const all = rows(measurements).filter(({ ratio }) => !Number.isNaN(ratio))
  const bar = 18
  const width = 760
  const scale = (width - 420) / 6
  const lines = all.map((row, index) => {
    const y = 30 + index * (bar + 4)
    const length = Math.min(row.ratio, 6) * scale
    const colour = row.peer === 'Gatehouse' ? '#0a7d55' : '#9aa5b1'
    return `<text x="8" y="${y + 13}">${row.path}: ${row.peer}</text><rect x="330" y="${y}" width="${length.toFixed(1)}" height="${bar}" fill="${colour}"/><text x="${(336 + length).toFixed(1)}" y="${y + 13}">${row.ratio.toFixed(2)} ×</text>`
  })
  const height = 40 + all.length * (bar + 4)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/><text x="8" y="18" font-weight="bold">CPU per call, as a multiple of a bare proxy that checks nothing</text>${lines.join('')}</svg>\n`
}
