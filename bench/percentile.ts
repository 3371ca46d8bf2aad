export interface Latency {
  readonly p50: number
  readonly p99: number
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function latencyOf(latencies: readonly number[]): Latency {
  return { p50: median(latencies), p99: percentile(latencies, 0.99) }
}
