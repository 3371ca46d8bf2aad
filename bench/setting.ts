import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Fewer calls and smaller numbers: to see that it runs, not to quote. */
export const isQuick = process.argv.includes('--quick')

/** What a part has found out: files of `results/`, by name. */
export type Files = Readonly<Record<string, string>>

export const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Tables are printed as well. */
export function writeResults(files: Files): void {
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const date = new Date().toISOString().slice(0, 10)
  const machine = `${cpus().length} cores, Node ${process.version}, ${date}`
  for (const [name, text] of Object.entries(files)) {
    const isTable = name.endsWith('.md')
    const whole = isTable ? `${machine}\n\n${text}` : text
    writeFileSync(new URL(name, folder), whole)
    if (isTable) say(`\n${whole}`)
  }
}
