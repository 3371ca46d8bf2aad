import type { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { describeConfig, printable } from '../config/describe.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/mistake.ts'
import type { Mistake } from '../config/mistake.ts'
import { checkConfig } from '../config/warnings.ts'
import type { ConfigWarning } from '../config/warnings.ts'
import { configOption } from './config-option.ts'
import type { CommandParts } from './program.ts'
import type { Terminal } from './terminal.ts'

interface CheckOptions {
  readonly config: string
  readonly json?: boolean
}

/** `gatehouse check`: what a configuration says, and what is wrong with it, without starting. */
export function addCheck(program: Command, parts: CommandParts): void {
  program
    .command('check')
    .description('validate a configuration and print what it means; exit code 0 or 1')
    .option(...configOption)
    .option('--json', 'print one JSON object {ok, config, warnings, mistakes} and nothing else')
    .action((options: CheckOptions) => check(options, parts))
}

function check({ config: file, json = false }: CheckOptions, parts: CommandParts): void {
  const result = examine(file, parts)
  if (json)
    parts.terminal.write(
      `${JSON.stringify(printable({ ok: result.config !== null, ...result }))}\n`,
    )
  else report(file, result, parts.terminal)
  parts.terminal.exit(result.config === null ? 1 : 0)
}

interface Result {
  /** Null where there are mistakes. */
  readonly config: Config | null
  readonly warnings: readonly ConfigWarning[]
  readonly mistakes: readonly Mistake[]
}

function examine(file: string, { providers, terminal }: CommandParts): Result {
  try {
    const config = loadConfig(file, { providers, env: terminal.env })
    return { config, warnings: checkConfig(config, providers), mistakes: [] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { config: null, warnings: [], mistakes: error.mistakes }
  }
}

function report(file: string, { config, warnings, mistakes }: Result, terminal: Terminal): void {
  if (config === null) {
    terminal.writeError(`${new ConfigError(mistakes).message}\n`)
    return terminal.writeError(`${file} has ${count(mistakes.length, 'mistake')}\n`)
  }
  terminal.write(describeConfig(config))
  for (const { path, message } of warnings) terminal.writeError(`warning: ${path}: ${message}\n`)
  terminal.writeError(`${file} is valid, with ${count(warnings.length, 'warning')}\n`)
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
