/** The sandbox as people start it: a process of its own, and how that ends. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { runGateway } from '../support/gateway-command.ts'
import type { GatewayCommand } from '../support/gateway-command.ts'

function start(...args: readonly string[]): GatewayCommand {
  // Its keys are made up in there and nobody knows them here; their form is looked for below.
  const running = runGateway(['sandbox', ...args], { secrets: {} })
  onTestFinished(() => running.kill('SIGKILL'))
  return running
}

async function startUp(): Promise<GatewayCommand> {
  const running = start('--port', '0')
  await expect.poll(running.stdout, { timeout: 15_000 }).toContain('Ctrl-C ends it.')
  return running
}

test('it starts without configuration, prints its summary and exits 0 on SIGTERM', async () => {
  const { kill, stdout, stderr, ended } = await startUp()
  const gatewayUrl = /Gateway +(http:\/\/127\.0\.0\.1:\d+)/.exec(stdout())?.[1]
  const search = await fetch(`${gatewayUrl}/api/widget/search?q=tent`)
  kill('SIGTERM')
  expect(search.status).toBe(200)
  expect((await ended).code).toBe(0)
  expect(stderr()).toBe('')
  expect(stdout() + (await search.text())).not.toMatch(/\b(?:sk|ak)_[0-9a-f]{32}/)
})

test('Ctrl-C under npm, which arrives twice, is one clean end', async () => {
  const { kill, stderr, ended } = await startUp()
  kill('SIGINT')
  await delay(5)
  kill('SIGINT')
  expect((await ended).code).toBe(0)
  expect(stderr()).toBe('')
})

test('a port in use is one clear line and exit code 1', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  const { stdout, stderr, ended } = start('--port', String(port))
  expect((await ended).code).toBe(1)
  expect(stdout()).toBe('')
  expect(stderr()).toBe(
    `gatehouse: port ${port} is in use; for any free one: npm run sandbox -- --port 0\n`,
  )
})

test('a port that is none is refused with the reason', async () => {
  const { stderr, ended } = start('--port', '80800')
  expect((await ended).code).toBe(1)
  expect(stderr()).toContain('It is a number from 0 to 65535.')
})
