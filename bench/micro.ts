/**
 * `npm run bench:micro`: what each step of the hot path costs by itself: CPU, the same as a
 * multiple of a reference in the same run, and bytes allocated. `test/bench/` holds the last two
 * within bounds.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { allocatedBy, timeOf, warmUp } from './measure.ts'
import { createOperations, createReferences } from './operations.ts'
import type { Operation, Reference } from './operations.ts'

const WARM_UP = 300
const ROUNDS = 11
const MILLISECONDS = 20

interface Row {
  readonly name: string
  readonly nanoseconds: number
  /** Null for a reference itself. */
  readonly ratio: number | null
  readonly bytes: number
}

const titles: Readonly<Record<Reference, string>> = {
  hmac: 'reference: HMAC-SHA256 of 64 bytes',
  'look-up': 'reference: a key found in a map',
}

async function measure(
  { name, run }: Pick<Operation, 'name' | 'run'>,
  reference: Operation['run'],
): Promise<Row> {
  await warmUp(run, WARM_UP)
  const bytes = await allocatedBy(run, ROUNDS)
  const options = { rounds: ROUNDS, milliseconds: MILLISECONDS }
  const { nanoseconds, ratio } = await timeOf(run, reference, options)
  return { name, nanoseconds, ratio: run === reference ? null : ratio, bytes }
}

async function measureAll(): Promise<string> {
  const references = createReferences()
  const operations = await createOperations()
  const lines: string[] = []
  for (const [reference, title] of Object.entries(titles) as [Reference, string][]) {
    const run = references[reference]
    lines.push(line(await measure({ name: title, run }, run)))
    for (const operation of operations.filter((each) => each.reference === reference)) {
      lines.push(line(await measure(operation, run)))
    }
  }
  return table(lines)
}

function line({ name, nanoseconds, ratio, bytes }: Row): string {
  const times = ratio === null ? '' : ratio.toFixed(1)
  return `| ${name} | ${whole(nanoseconds)} | ${times} | ${whole(bytes)} |`
}

function table(lines: readonly string[]): string {
  const machine = `${cpus().length} cores, Node ${process.version}, ${ROUNDS} rounds`
  const head = '| operation | CPU ns/call | × reference | bytes/call |\n|---|---:|---:|---:|'
  return `${machine}, ${new Date().toISOString().slice(0, 10)}\n\n${head}\n${lines.join('\n')}\n`
}

/** With thin spaces between thousands. */
function whole(value: number): string {
  return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ' ')
}

const text = await measureAll()
mkdirSync(new URL('results/', import.meta.url), { recursive: true })
writeFileSync(new URL('results/micro.md', import.meta.url), text)
process.stdout.write(text)
