import closeWithGrace from 'close-with-grace'
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/mistake.ts'
import { startProcess } from '../process.ts'
import { configOption } from './config-option.ts'
import type { CommandParts } from './program.ts'

/** `gatehouse start`: the gateway, until SIGTERM or SIGINT. */
export function addStart(program: Command, parts: CommandParts): void {
  program
    .command('start')
    .description('start the gateway; it stops on SIGTERM or SIGINT after finishing its calls')
    .option(...configOption)
    .action((options: { config: string }) => start(options.config, parts))
}

async function start(file: string, { providers, terminal }: CommandParts): Promise<void> {
  try {
    const config = loadConfig(file, { providers, env: terminal.env })
    const running = await startProcess({ config, providers, logTo: process.stdout })
    closeWithGrace({ delay: config.shutdown.deadline + 1_000, logger: false }, () => running.stop())
  } catch (error) {
    terminal.writeError(`${describe(error)}\n`)
    terminal.exit(1)
  }
}

/** A mistake in the configuration or an address in use: a line that says so, and no stack. */
function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  return `gatehouse cannot start: ${error instanceof Error ? error.message : String(error)}`
}
