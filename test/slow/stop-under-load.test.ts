/** F13: a gateway is told to stop while callers call all the time, and loses no call of theirs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createNeuroonEmulator } from '../../sandbox/emulators/neuroon.ts'
import { runGateway } from '../support/gateway-command.ts'

const SHOP_KEY = 'sk_00000000000000000000000000fa4e03'
const ORIGIN = 'https://www.acme.example'
const WORKERS = 50

interface Called {
  readonly path: string
  /** 0 where there was no answer. */
  readonly status: number
  /** The code of what went wrong where there was none. */
  readonly error: string
  /** The connection had served a call before, so the gateway had taken it. */
  readonly isReused: boolean
  /** It began when the gateway had said that it is going away. */
  readonly isLate: boolean
}

test('50 callers with kept connections lose nothing, and it ends with 0', async () => {
  const neuroon = createNeuroonEmulator({
    shops: [{ shopId: 'shop_abc', apiKey: SHOP_KEY, url: ORIGIN }],
  })
  await neuroon.listen()
  onTestFinished(() => neuroon.close())
  // Most callers wait for an answer at any moment, also when it stops listening.
  neuroon.faults.delay({ path: /search/ }, 50)
  const gateway = runGateway(['start', '--config', write(neuroon.url)], { secrets: { SHOP_KEY } })
  onTestFinished(() => gateway.kill('SIGKILL'))
  const { url } = await gateway.ready

  const calls: Called[] = []
  const isGoingAway = () => gateway.stdout().includes('"msg":"stopping"')
  const workers = Array.from({ length: WORKERS }, async (_, worker) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    for (let number = 0; ; number += 1) {
      const path = `/api/widget/search?q=tent&call=${worker}-${number}`
      const isLate = isGoingAway()
      const called = { path, isLate, ...(await call(url, path, agent)) }
      calls.push(called)
      if (called.status === 0) return
    }
  })
  await until(() => calls.length > 20 * WORKERS)
  gateway.kill('SIGTERM')
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
  await Promise.all(workers)

  // It goes on serving while a balancer learns that it is not ready.
  const late = calls.filter(({ isLate, status }) => isLate && status === 200)
  expect(late.length).toBeGreaterThan(WORKERS)
  expect(calls.filter(({ status }) => status !== 200 && status !== 0)).toEqual([])
  const arrived = new Set(neuroon.received.map(({ path }) => path))
  expect(calls.filter((called) => called.status === 0 && !wasNeverTaken(called, arrived))).toEqual(
    [],
  )
})

/** Nobody listened any more, or had taken the new connection off the queue. */
function wasNeverTaken({ path, isLate, isReused }: Called, arrived: ReadonlySet<string>): boolean {
  return isLate && !isReused && !arrived.has(path)
}

function call(
  url: string,
  path: string,
  agent: Agent,
): Promise<Pick<Called, 'status' | 'error' | 'isReused'>> {
  return new Promise((resolve) => {
    const request = get(url + path, { agent }, (answer) => {
      // An answer that breaks off is none.
      const end = (status: number, error = '') =>
        resolve({ status, error, isReused: request.reusedSocket })
      answer.resume()
      answer.once('end', () => end(answer.statusCode ?? 0))
      answer.once('error', (error) => end(0, error.message))
    })
    request.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ status: 0, error: error.code ?? error.message, isReused: request.reusedSocket }),
    )
  })
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(5)
}

function write(neuroonUrl: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-stop-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'gatehouse.yaml')
  writeFileSync(
    file,
    `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
shutdown: { wait: 2s, deadline: 10s }
storefronts:
  acme:
    hosts: ['*']
    limits: off
    origins: [${ORIGIN}]
    providers:
      neuroon:
        environment: ${neuroonUrl}
        shopId: shop_abc
        apiKey: ${SHOP_KEY}
        budget: off
`,
  )
  return file
}
