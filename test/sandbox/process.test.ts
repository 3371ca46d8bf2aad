/** The sandbox as people start it: a process of its own, and how that ends. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url))

interface Running {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
  /** The exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>
}

function start(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [bin, 'sandbox', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const text = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text.out += piece))
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text.err += piece))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, out: () => text.out, err: () => text.err, ended }
}

async function startUp(): Promise<Running> {
  const running = start('--port', '0')
  await expect.poll(running.out, { timeout: 15_000 }).toContain('Ctrl-C ends it.')
  return running
}

test('it starts without configuration, prints its summary and exits 0 on SIGTERM', async () => {
  const { child, out, err, ended } = await startUp()
  const gatewayUrl = /Gateway +(http:\/\/127\.0\.0\.1:\d+)/.exec(out())?.[1]
  const search = await fetch(`${gatewayUrl}/api/widget/search?q=tent`)
  child.kill('SIGTERM')
  expect(search.status).toBe(200)
  expect(await ended).toBe(0)
  expect(err()).toBe('')
  expect(out()).not.toMatch(/\b(?:sk|ak)_[0-9a-f]{32}/)
})

test('Ctrl-C under npm, which arrives twice, is one clean end', async () => {
  const { child, err, ended } = await startUp()
  child.kill('SIGINT')
  await delay(5)
  child.kill('SIGINT')
  expect(await ended).toBe(0)
  expect(err()).toBe('')
})

test('a port in use is one clear line and exit code 1', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  const { out, err, ended } = start('--port', String(port))
  expect(await ended).toBe(1)
  expect(out()).toBe('')
  expect(err()).toBe(
    `gatehouse: port ${port} is in use; give another one with --port, or 0 for any free one\n`,
  )
})

test('a port that is none is refused with the reason', async () => {
  const { err, ended } = start('--port', '80800')
  expect(await ended).toBe(1)
  expect(err()).toContain('It is a number from 0 to 65535.')
})
