import { CommanderError } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import type { ProgramOptions } from '../../src/cli/program.ts'

export interface Ran {
  readonly out: string
  readonly err: string
  readonly code: number
}

/** Runs one command line in this process. */
export async function runCommand(
  args: readonly string[],
  options: Omit<ProgramOptions, 'terminal'> & { readonly env?: NodeJS.ProcessEnv },
): Promise<Ran> {
  const written = { out: '', err: '', code: 0 }
  const terminal = {
    write: (text: string) => void (written.out += text),
    writeError: (text: string) => void (written.err += text),
    exit: (code: number) => void (written.code = code),
    env: options.env ?? {},
  }
  try {
    await createProgram({ ...options, terminal }).parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
  }
  return written
}
