import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { Provider } from '../provider.ts'
import type { AddCommand, CommandParts } from './program.ts'
import { stopOnSignal } from './stop-on-signal.ts'

/** What starts a sandbox. It lies outside of `src/`, so `main.ts` hands it in. */
export type StartSandbox = (options: SandboxOptions) => Promise<RunningSandbox>

export interface SandboxOptions {
  /** Of the gateway; 0 takes a free one. */
  readonly port: number
  readonly providers: readonly Provider[]
  /** Takes readable text about what happens while it runs. */
  readonly print: (text: string) => void
}

export interface RunningSandbox {
  /** Where everything is and what to try, for people. */
  readonly summary: string
  stop(): Promise<void>
}

/** `gatehouse sandbox`: everything offline, until SIGTERM or SIGINT. */
export function sandboxCommand(start: StartSandbox): AddCommand {
  return (program: Command, parts: CommandParts) =>
    program
      .command('sandbox')
      .description('run the gateway offline with emulators and a demo shop; needs no configuration')
      .option('--port <number>', 'of the gateway; 0 takes a free one', readPort, 8080)
      .action(({ port }: { port: number }) => run(port, start, parts))
}

async function run(
  port: number,
  start: StartSandbox,
  { providers, terminal }: CommandParts,
): Promise<void> {
  try {
    const sandbox = await start({ port, providers, print: (text) => terminal.write(text) })
    terminal.write(sandbox.summary)
    stopOnSignal(() => void sandbox.stop().then(() => process.exit(0)))
  } catch (error) {
    terminal.writeError(`${describe(error, port)}\n`)
    terminal.exit(1)
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('It is a number from 0 to 65535.')
}

function describe(error: unknown, port: number): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `gatehouse: port ${port} is in use; for any free one: npm run sandbox -- --port 0`
  }
  return `gatehouse cannot start the sandbox: ${error instanceof Error ? error.message : String(error)}`
}
