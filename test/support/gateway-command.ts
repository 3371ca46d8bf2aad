import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A gateway in a process of its own, as an operator starts it. */
export interface GatewayCommand {
  /** Where it listens: resolves with its first `ready` line, rejects when it ends before. */
  readonly ready: Promise<{ readonly url: string; readonly adminUrl: string }>
  /** Exit code and, where there was one, signal. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  readonly stdout: () => string
  readonly stderr: () => string
  kill(signal: NodeJS.Signals): void
}

const bin = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url))

/** Runs `gatehouse …`. Whoever calls it waits for `ended`, or kills it. */
export function runGateway(args: readonly string[], env: NodeJS.ProcessEnv = {}): GatewayCommand {
  const child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, ...env } })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }))
  const ready = new Promise<{ url: string; adminUrl: string }>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk)
      const line = /^\{.*"msg":"ready".*\}$/m.exec(stdout)?.[0]
      if (line !== undefined) resolve(JSON.parse(line) as { url: string; adminUrl: string })
    })
    ended.then(() => reject(new Error(`it ended before it was ready: ${stderr}`)), reject)
  })
  // Somebody who only waits for the end does not ask for it.
  ready.catch(() => undefined)
  return { ready, ended, stdout: () => stdout, stderr: () => stderr, kill: (s) => child.kill(s) }
}
