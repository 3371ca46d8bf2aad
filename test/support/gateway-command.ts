import { spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { canaryHits } from './canary.ts'
import { expectNoLeaks } from './leaks.ts'

/** `gatehouse` in a process of its own, as an operator starts it. */
export interface GatewayCommand {
  /** Where it listens: resolves with its first `ready` line, rejects when it ends before. */
  readonly ready: Promise<{ readonly url: string; readonly adminUrl: string }>
  /**
   * Exit code and, where there was one, signal. Rejects where a secret was in what it printed, or
   * in any answer that this process has got meanwhile.
   */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  readonly stdout: () => string
  readonly stderr: () => string
  readonly kill: (signal: NodeJS.Signals) => void
}

export interface CommandOptions {
  /** What must not come out of it. */
  readonly secrets: Readonly<Record<string, string>>
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** JavaScript that is run before anything else. */
  readonly preload?: string
  /** File descriptors that it may have; a shell sets that before it becomes the gateway. */
  readonly openFiles?: number
}

const bin = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url))

/** Runs `gatehouse …`. Whoever calls it waits for `ended`, or kills it. */
export function runGateway(args: readonly string[], options: CommandOptions): GatewayCommand {
  const { env = {}, cwd, preload, openFiles } = options
  const first =
    preload === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]
  const answers = keepReads()
  const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `
  const program = limit === '' ? [] : ['-c', `${limit}exec "$0" "$@"`, process.execPath]
  const words = [...program, ...first, bin, ...args]
  const child = spawn(limit === '' ? process.execPath : 'sh', words, {
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const ended = once(child, 'close').then(([code, signal]) => {
    const emitted = [
      { place: 'standard output', text: stdout },
      { place: 'standard error', text: stderr },
      { place: 'an answer', text: answers.end() },
    ]
    expectNoLeaks(canaryHits(emitted, options.secrets))
    return { code: code as number | null, signal: signal as string | null }
  })
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

/** Copies what is read on every connection that this process makes from now on. */
function keepReads(): { end(): Buffer } {
  const kept: Buffer[] = []
  const onSocket = (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('socket' in message)) return
    const { socket } = message
    if (!(socket instanceof Socket)) return
    const push = socket.push.bind(socket)
    socket.push = (chunk: unknown, encoding) => {
      if (chunk instanceof Uint8Array) kept.push(Buffer.from(chunk))
      return push(chunk, encoding)
    }
  }
  subscribe('net.client.socket', onSocket)
  return {
    end() {
      unsubscribe('net.client.socket', onSocket)
      return Buffer.concat(kept)
    },
  }
}
