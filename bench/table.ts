import type { Latency } from './percentile.ts'

/** A Markdown table: the first column says what, the others how much. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((_, column) => (column < 1 ? '---' : '---:')), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

/** A figure that was not measured leaves its cell empty. */
export function figure(value: number | null, digits: number): string {
  return value === null ? '' : value.toFixed(digits)
}

export const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0)

export function spellLatency({ p50, p99 }: Latency): string {
  return `${p50.toFixed(2)} / ${p99.toFixed(2)}`
}
