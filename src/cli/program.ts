import { Command } from 'commander'
import type { Provider } from '../provider.ts'
import { addCheck } from './check.ts'
import { addKey } from './key.ts'
import { processTerminal } from './terminal.ts'
import type { Terminal } from './terminal.ts'

/**
 * The command line, `gatehouse <command>`: one file per command, each adding itself.
 *
 * This folder owns arguments, help and what is printed; what a command does, it asks of the other
 * folders. Commands that need more than the providers (`start`, `sandbox`) are handed in by
 * `main.ts`, which calls this.
 */
export function createProgram(options: ProgramOptions): Command {
  const { providers, terminal = processTerminal, commands = [], version } = options
  const program = new Command('gatehouse')
    .description('An auth gateway between a storefront and its providers.')
    .showHelpAfterError('(--help tells more)')
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.writeError(text),
    })
  if (version !== undefined) program.version(version)
  if (options.terminal !== undefined) program.exitOverride(endWith(terminal))

  for (const add of [...commands, addCheck, addKey]) add(program, { providers, terminal })
  return program
}

export interface ProgramOptions {
  readonly providers: readonly Provider[]
  /** Further commands, listed before these: `start` of `start.ts`, `sandbox` of `sandbox.ts`. */
  readonly commands?: readonly AddCommand[]
  /** Instead of the process; a wrong command line then throws a `CommanderError`. */
  readonly terminal?: Terminal
  readonly version?: string
}

/** Adds one command, with `program.command(…)` so that it inherits output and exit. */
export type AddCommand = (program: Command, parts: CommandParts) => void

export interface CommandParts {
  readonly providers: readonly Provider[]
  readonly terminal: Terminal
}

function endWith(terminal: Terminal) {
  return (error: Error & { readonly exitCode: number }): never => {
    terminal.exit(error.exitCode)
    throw error
  }
}
