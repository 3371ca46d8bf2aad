/**
 * `npm run test:nightly`: a million steps of the simulator, under seeds that change from night to
 * night. `SIMULATION_SEED` repeats a run, `SIMULATION_STEPS` makes it shorter. Exits with 1 at the
 * first sin and prints the seed that shows it.
 */
import { randomInt } from 'node:crypto'
import { simulate } from '../simulator/simulate.ts'

/** A history of its own for each part: a young world has other faults than an old one. */
const PART = 100_000

const steps = Number(process.env['SIMULATION_STEPS'] ?? 1_000_000)
const first = Number(process.env['SIMULATION_SEED'] ?? randomInt(1_000_000_000))
const startedAt = performance.now()
const totals = new Map<string, number>()
let made = 0
let days = 0

print(`seed ${first}, ${steps} steps`)
for (let part = 0; made < steps; part += 1) {
  const report = await simulate({ seed: first + part, steps: Math.min(PART, steps - made) })
  made += report.steps
  days += report.virtualDays
  for (const [what, count] of report.counts) totals.set(what, (totals.get(what) ?? 0) + count)
  if (report.sins.length > 0) {
    print(`SIMULATION_SEED=${report.seed}, step ${report.steps}: ${report.sins.join('; ')}`)
    process.exitCode = 1
    break
  }
}

const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
print(`${made} steps, ${days.toFixed(0)} virtual days, ${seconds} s`)
for (const [what, count] of [...totals].toSorted(([one], [other]) => one.localeCompare(other))) {
  print(`${String(count).padStart(9)}  ${what}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
