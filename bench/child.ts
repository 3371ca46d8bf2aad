import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** A process under measurement. */
export interface Child {
  readonly pid: number
  readonly url: string
  readonly port: number
  /** Microseconds of CPU since it began, all its threads. */
  cpu(): number
  /** Resident memory in bytes. */
  memory(): number
  stop(): Promise<void>
}

/** Starts a process and waits for the first URL on its standard output. */
export async function startChild(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const [program = '', ...rest] = command
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${command.join(' ')} ended with ${code}`)))
  })
  ended.catch(() => undefined)
  const announced = new Promise<string>((resolve) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      if (text.length > 4096) return
      text += String(chunk)
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]
      if (url !== undefined) resolve(url)
    })
  })
  const url = await Promise.race([announced, ended])
  const pid = child.pid ?? 0
  return {
    pid,
    url,
    port: Number(new URL(url).port),
    cpu: () => cpuOf(pid),
    memory: () => memoryOf(pid),
    async stop() {
      child.kill('SIGKILL')
      await Promise.race([ended.catch(() => undefined), delay(2_000)])
    },
  }
}

/** proc(5): utime and stime are the 14th and 15th field, in ticks of 10 ms. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
}
