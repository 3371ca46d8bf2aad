/**
 * A gateway that may open few files, and many callers who hold connections (F14): it sheds, says
 * that it is itself who cannot, does not blame the upstream, and recovers when they have gone.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createNeuroonEmulator } from '../../sandbox/emulators/neuroon.ts'
import { ask, request } from '../hostile/raw-client.ts'
import { runGateway } from '../support/gateway-command.ts'

const SHOP_KEY = 'sk_00000000000000000000000000fa4e02'
const ORIGIN = 'https://www.acme.example'
const neuroon = createNeuroonEmulator({
  shops: [{ shopId: 'shop_abc', apiKey: SHOP_KEY, url: ORIGIN }],
})
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-few-'))
  await neuroon.listen()
})
afterAll(async () => {
  await neuroon.close()
  rmSync(folder, { recursive: true })
})

const search = (about: string | number) => request(`GET /api/widget/search?q=tent-${about}`)

test('with few file descriptors and many connections it sheds, blames nobody and recovers', async () => {
  const gateway = start()
  const { url } = await gateway.ready
  const callers = Array.from({ length: 200 }, () => new Caller(Number(new URL(url).port)))
  await delay(1_500)
  const held = callers.filter(({ isOpen }) => isOpen)
  expect(held.length).toBeGreaterThan(20)
  expect(held.length).toBeLessThan(80)

  // Each asks for something else, so that each needs a connection to the upstream.
  for (const [index, caller] of held.entries()) caller.send(search(index))
  await delay(2_000)
  const answers = held.map(({ received }) => received)
  const shed = answers.filter((answer) => answer.startsWith('HTTP/1.1 503 '))
  expect(shed.length).toBeGreaterThan(20)
  for (const answer of shed) {
    expect(answer).toContain('"code":"downstream/overloaded"')
    expect(answer).toMatch(/^retry-after: 1\r$/im)
  }
  // One that is refused is let go, and its descriptor serves the next.
  const others = answers.filter((answer) => !answer.startsWith('HTTP/1.1 503 '))
  for (const answer of others) expect(answer).toMatch(/^HTTP\/1\.1 200 /)

  for (const caller of callers) caller.end()
  await delay(1_000)
  const after = await ask(url, search('after'), { patience: 5_000 })
  expect(after.answers.map(({ status }) => status)).toEqual([200])
  expect(gateway.stdout()).toContain('"cause":"Error EMFILE"')
  expect(gateway.stdout()).not.toContain('"code":"upstream/')

  gateway.kill('SIGTERM')
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
})

function start() {
  const config = join(folder, 'gatehouse.yaml')
  writeFileSync(
    config,
    `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
shutdown: { wait: 0s, deadline: 3s }
storefronts:
  acme:
    hosts: ['*']
    origins: [${ORIGIN}]
    limits: off
    providers:
      neuroon: { environment: "${neuroon.url}", shopId: shop_abc, apiKey: "\${env:SHOP_KEY}", budget: off }
`,
  )
  const gateway = runGateway(['start', '--config', config], {
    secrets: { SHOP_KEY },
    env: { SHOP_KEY },
    openFiles: 80,
  })
  onTestFinished(() => gateway.kill('SIGKILL'))
  return gateway
}

class Caller {
  readonly #socket: Socket
  isOpen = true
  received = ''

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => (this.isOpen = false))
    this.#socket.on('data', (chunk) => (this.received += String(chunk)))
    onTestFinished(() => this.end())
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  end(): void {
    this.#socket.destroy()
  }
}
