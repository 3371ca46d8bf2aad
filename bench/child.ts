import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** A process under measurement. */
export interface Child {
  readonly command: string
  readonly pid: number
  readonly url: string
  readonly port: number
  /** Microseconds of CPU since it began, all its threads. */
  cpu(): number
  /** Resident memory in bytes. */
  memory(): number
  /** Bytes of its heap and beside it; it must have been started with `probe.ts`. */
  heap(): Promise<number>
  /** Rejects when it ends. */
  readonly ended: Promise<never>
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Starts a process and waits for the first URL on its standard output. */
export async function startChild(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const [program = '', ...rest] = command
  const name = command.join(' ')
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, ...environment },
  })
  running.add(child)
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code) => {
      running.delete(child)
      reject(new Error(`${name} ended with ${code}`))
    })
  })
  ended.catch(() => undefined)
  const announced = new Promise<string>((resolve) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      if (text.length > 4096) return
      text += String(chunk)
      const url = /http:\/\/127\.0\.0\.1:\d+(?=\D)/.exec(text)?.[0]
      if (url !== undefined) resolve(url)
    })
  })
  const url = await Promise.race([announced, ended])
  const pid = child.pid ?? 0
  return {
    command: name,
    pid,
    url,
    port: Number(new URL(url).port),
    cpu: () => cpuOf(pid),
    memory: () => memoryOf(pid),
    async heap() {
      child.send('heap')
      const [bytes] = await Promise.race([once(child, 'message'), ended])
      return Number(bytes)
    },
    ended,
    async stop() {
      child.kill('SIGKILL')
      await Promise.race([ended.catch(() => undefined), delay(2_000)])
    },
  }
}

/**
 * Nanoseconds on a CPU, of each of its threads (sched-stats.rst): the ticks of 10 ms in
 * `/proc/PID/stat` are too coarse for a run of a second. Threads of the measured processes do not
 * end while they are measured.
 */
function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const times = threads.map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')
    return Number(text.split(' ', 1)[0])
  })
  return times.reduce((sum, time) => sum + time, 0) / 1000
}

function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
}
