import { setFlagsFromString } from 'node:v8'
import closeWithGrace from 'close-with-grace'
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/mistake.ts'
import { startProcess } from '../process.ts'
import { runtimeWarning } from '../runtime.ts'
import { bufferedOutput } from './buffered-output.ts'
import { configOption } from './config-option.ts'
import type { CommandParts } from './program.ts'
import { STOP_SIGNALS, stopOnSignal } from './stop-on-signal.ts'

/** `gatehouse start`: the gateway, until SIGTERM or SIGINT. */
export function addStart(program: Command, parts: CommandParts): void {
  program
    .command('start')
    .description('start the gateway; it stops on SIGTERM or SIGINT after finishing its calls')
    .option(...configOption)
    .action((options: { config: string }) => start(options.config, parts))
}

/** What a proxy needs otherwise than V8 takes for granted (docs/performance.md). */
const ENGINE_FLAGS = [
  // When many calls wait for an upstream at once, V8 takes their objects for long-lived and from
  // then on puts those of every call among the old ones: collecting costs ten times as much.
  '--no-allocation-site-pretenuring',
  // A call passes many small functions. With the compiler's usual allowance for drawing them into
  // one another, it costs a tenth more.
  '--max-inlined-bytecode-size=1000',
  '--max-inlined-bytecode-size-cumulative=3000',
]

/**
 * What passes through counts as part of the heap, which may grow. By itself V8 collects the whole
 * heap for each 64 MB that have passed: a third of what a large answer costs. Node 22 knows no such
 * flag, and would say so at each start.
 */
const EXTERNAL_MEMORY = '--external-memory-accounted-in-global-limit'

/** Beyond its own deadline something is stuck: then the process ends all the same. */
const GRACE = 1_000

async function start(file: string, { providers, terminal }: CommandParts): Promise<void> {
  for (const flag of ENGINE_FLAGS) setFlagsFromString(flag)
  if (!process.version.startsWith('v22.')) setFlagsFromString(EXTERNAL_MEMORY)
  try {
    const config = loadConfig(file, { providers, env: terminal.env })
    const logTo = bufferedOutput()
    const starting = startProcess({ config, providers, logTo })
    const delay = config.shutdown.deadline + GRACE
    const skip = [...STOP_SIGNALS]
    const { close } = closeWithGrace({ delay, skip, logger: false }, async ({ err }) => {
      const running = await starting
      if (err !== undefined) running.crashed(err)
      await running.stop()
    })
    stopOnSignal(close)
    await starting
    logTo.flush()
    const outdated = runtimeWarning(process.versions.node)
    if (outdated !== null) terminal.writeError(`warning: ${outdated}\n`)
  } catch (error) {
    terminal.writeError(`${describe(error)}\n`)
    terminal.exit(1)
  }
}

/** A mistake in the configuration or an address in use: a line that says so, and no stack. */
function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `gatehouse cannot start: ${error.message.replace('listen EADDRINUSE: ', '')}`
  }
  return `gatehouse cannot start: ${error instanceof Error ? error.message : String(error)}`
}
