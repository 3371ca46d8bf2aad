/**
 * Writes `bounds.ts` from what everything costs now, for when something has become cheaper for
 * good. Read the difference before it is committed: a bound that goes up says that somebody pays.
 *
 *     node --expose-gc --min-semi-space-size=64 --max-semi-space-size=64 test/bench/write-bounds.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createOperations } from '../../bench/operations.ts'
import type { Bound, Cost } from './exceeded.ts'
import { costsOf, TRIES } from './exceeded.ts'

const REPEATS = 3
/** Above what was measured. */
const MORE_BYTES = 1.3
const MORE_TIMES = 3
/** A few bytes are not worth a failure. */
const LEAST_BYTES = 64

function boundOf(costs: readonly Cost[]): Bound {
  const bytes = Math.max(...costs.map((cost) => cost.bytes))
  const times = Math.max(...costs.map((cost) => cost.times))
  return {
    bytes: round(Math.max(LEAST_BYTES, bytes * MORE_BYTES)),
    times: round(times * MORE_TIMES),
  }
}

/** Up, to two digits. */
function round(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1)
  return Math.ceil(value / unit) * unit
}

const operations = await createOperations()
const repeats: (readonly Cost[])[] = []
for (let n = 0; n < REPEATS; n++) repeats.push(await costsOf(operations, {}, TRIES))

const lines = operations.map(({ name }, at) => {
  const { bytes, times } = boundOf(repeats.map((costs) => costs[at]).filter((cost) => !!cost))
  const digits = String(bytes).replace(/\B(?=(\d{3})+$)/g, '_')
  return `  '${name}': { bytes: ${digits}, times: ${times} },\n`
})
const file = new URL('bounds.ts', import.meta.url)
const [head = ''] = readFileSync(file, 'utf8').split('= {\n')
writeFileSync(file, `${head}= {\n${lines.join('')}}\n`)
