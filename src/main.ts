/** The command line's beginning: hands the providers and the sandbox to the commands. */
import { readFileSync } from 'node:fs'
import { providers } from '../providers/index.ts'
import { createProgram } from './cli/program.ts'
import { sandboxCommand } from './cli/sandbox.ts'
import type { StartSandbox } from './cli/sandbox.ts'
import { addStart } from './cli/start.ts'

/** Only the command that needs it loads it: emulators and a shop are nothing to `start`. */
const startSandbox: StartSandbox = async (options) => {
  const sandbox = await import('../sandbox/start.ts')
  return sandbox.startSandbox(options)
}

export async function main(argv: readonly string[]): Promise<void> {
  const commands = [addStart, sandboxCommand(startSandbox)]
  const program = createProgram({ providers, commands, version: version() })
  await program.parseAsync(argv)
}

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  return String((manifest as { version?: string }).version)
}
