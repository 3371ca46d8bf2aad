/** `gatehouse start` in a process of its own: it says what is wrong, or serves until SIGTERM. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createNeuroonEmulator } from '../../sandbox/emulators/neuroon.ts'
import { runGateway } from '../support/gateway-command.ts'
import type { CommandOptions, GatewayCommand } from '../support/gateway-command.ts'

const SHOP_KEY = 'sk_00000000000000000000000000fa4e02'
const secrets = { SHOP_KEY }
const ORIGIN = 'https://www.acme.example'
const neuroon = createNeuroonEmulator({
  shops: [{ shopId: 'shop_abc', apiKey: SHOP_KEY, url: ORIGIN }],
})
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-start-'))
  await neuroon.listen()
})
afterAll(async () => {
  await neuroon.close()
  rmSync(folder, { recursive: true })
})

const search = '/api/widget/search?q=tent'

describe('a running gateway', () => {
  test('is ready, serves, and ends with 0 on SIGTERM', async () => {
    const gateway = start({ wait: '0s', deadline: '5s' })
    const { url } = await gateway.ready
    expect((await ask(url, '/readyz')).status).toBe(200)
    expect((await ask(url, search)).status).toBe(200)
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    expect(messages(gateway)).toEqual(['ready', 'call', 'stopping', 'stopped'])
  })

  test('ends with 0 on SIGINT as well', async () => {
    const gateway = start({ wait: '0s', deadline: '5s' })
    const { url } = await gateway.ready
    // It says `ready` a moment before it listens to signals; after a call it surely does.
    await ask(url, '/livez')
    gateway.kill('SIGINT')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
  })
})

test('under npm, which a signal ends without a word to it, it ends with npm', async () => {
  const orphaned = `let asked = 0
    const parent = process.ppid
    Object.defineProperty(process, 'ppid', { get: () => (asked++ < 2 ? parent : 1) })`
  const env = { npm_lifecycle_event: 'gatehouse' }
  const gateway = start({ wait: '0s', deadline: '5s' }, { env, preload: orphaned })
  await gateway.ready
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
})

describe('on SIGTERM', () => {
  test('is not ready at once, serves new calls while it waits, and finishes those in flight', async () => {
    const gateway = start({ wait: '1200ms', deadline: '8s' })
    const { url } = await gateway.ready
    const slow = '/api/widget/trending'
    neuroon.faults.delay({ path: slow }, 2_000)
    onTestFinished(() => neuroon.faults.clear())
    const before = neuroon.received.length
    const inFlight = ask(url, slow)
    await until(() => neuroon.received.length > before)

    gateway.kill('SIGTERM')
    await until(() => messages(gateway).includes('stopping'))
    const readiness = await ask(url, '/readyz')
    expect(readiness.status).toBe(503)
    expect((await ask(url, '/livez')).status).toBe(200)
    const late = await ask(url, search)
    expect(late.status).toBe(200)
    expect(late.headers['connection']).toBe('close')

    const finished = await inFlight
    expect(finished.status).toBe(200)
    expect(finished.body).toContain('queries')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    await expect(ask(url, '/livez')).rejects.toThrow()
  })

  test('does not wait for ever: what is left at the deadline is cut off, exit 0', async () => {
    const gateway = start({ wait: '0s', deadline: '500ms' })
    const { url } = await gateway.ready
    neuroon.faults.delay({ path: /trending/ }, 20_000)
    onTestFinished(() => neuroon.faults.clear())
    const before = neuroon.received.length
    const inFlight = ask(url, '/api/widget/trending').catch((error: unknown) => error)
    await until(() => neuroon.received.length > before)
    const startedAt = performance.now()
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(await inFlight).toBeInstanceOf(Error)
  })
})

describe('exit 1', () => {
  test('a wrong configuration: one line for each mistake, and never a value', async () => {
    const file = write(`
storefronts:
  acme:
    hosts: [gw.acme.example]
    orgins: []
    providers:
      neuroon:
        environment: http://evil.example
        shopId: 'needle 1'
        apiKey: short
`)
    const gateway = runGateway(['start', '--config', file], { secrets })
    expect(await gateway.ended).toEqual({ code: 1, signal: null })
    const lines = gateway.stderr().trim().split('\n')
    expect(lines).toHaveLength(4)
    for (const line of lines) {
      expect(line).toMatch(/^\S+\.yaml:\d+:\d+ storefronts\.acme\.\S+: \S/)
      expect(line).not.toMatch(/needle|evil|short$/)
    }
    expect(gateway.stdout()).toBe('')
  })

  test('no configuration: nothing starts by itself', async () => {
    const gateway = runGateway(['start', '--config', join(folder, 'nowhere.yaml')], { secrets })
    expect(await gateway.ended).toEqual({ code: 1, signal: null })
    expect(gateway.stderr().trim().split('\n')).toHaveLength(1)
    expect(gateway.stdout()).toBe('')
  })

  test('a variable that is not there', async () => {
    const file = write(configYaml('0s', '5s').replace(SHOP_KEY, '${env:NOT_THERE_AT_ALL}'))
    const gateway = runGateway(['start', '--config', file], { secrets })
    expect(await gateway.ended).toEqual({ code: 1, signal: null })
    expect(gateway.stderr()).toContain('storefronts.acme.providers.neuroon.apiKey')
  })

  test('an address that is taken, in one line', async () => {
    const port = new URL(neuroon.url).port
    const yaml = configYaml('0s', '5s').replace(
      'listen: { host: 127.0.0.1, port: 0',
      `listen: { host: 127.0.0.1, port: ${port}`,
    )
    const gateway = runGateway(['start', '--config', write(yaml)], { secrets })
    const ended = await Promise.race([gateway.ended, delay(15_000)])
    gateway.kill('SIGKILL')
    expect(ended).toEqual({ code: 1, signal: null })
    const lines = gateway.stderr().trim().split('\n')
    const errors = lines.filter((line) => !line.startsWith('warning: '))
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain('address already in use')
  })
})

function start(
  { wait, deadline }: { wait: string; deadline: string },
  { env = {}, preload }: Pick<CommandOptions, 'env' | 'preload'> = {},
): GatewayCommand {
  const yaml = configYaml(wait, deadline).replace(SHOP_KEY, '${env:SHOP_KEY}')
  const gateway = runGateway(['start', '--config', write(yaml)], {
    secrets,
    env: { ...secrets, ...env },
    ...(preload === undefined ? {} : { preload }),
  })
  onTestFinished(() => gateway.kill('SIGKILL'))
  return gateway
}

let written = 0
function write(yaml: string): string {
  written += 1
  const file = join(folder, `gatehouse-${written}.yaml`)
  writeFileSync(file, yaml)
  return file
}

function configYaml(wait: string, deadline: string): string {
  return `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
shutdown: { wait: ${wait}, deadline: ${deadline} }
storefronts:
  acme:
    hosts: ['*']
    origins: [${ORIGIN}]
    providers:
      neuroon: { environment: "${neuroon.url}", shopId: shop_abc, apiKey: "${SHOP_KEY}" }
`
}

interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** On a connection of its own, so that none of them is kept alive past the end. */
async function ask(origin: string, path: string): Promise<Asked> {
  const agent = new Agent({ pipelining: 0 })
  try {
    const { statusCode, headers, body } = await agent.request({ origin, path, method: 'GET' })
    return { status: statusCode, headers, body: await body.text() }
  } finally {
    await agent.close()
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(5)
}

function messages(gateway: GatewayCommand): string[] {
  return [...gateway.stdout().matchAll(/"msg":"([^"]+)"/g)].map((match) => match[1] ?? '')
}
