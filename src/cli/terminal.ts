/** What a command needs of the process, so that it can be run without one. */
export interface Terminal {
  /** To standard output: what was asked for. */
  write(text: string): void
  /** To standard error: everything else. */
  writeError(text: string): void
  /** How the command ended. The process goes on until nothing is left to do. */
  exit(code: number): void
  readonly env: NodeJS.ProcessEnv
}

export const processTerminal: Terminal = {
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  // Not `process.exit`, which can cut off what is still being written to a pipe.
  exit: (code) => void (process.exitCode = code),
  env: process.env,
}
