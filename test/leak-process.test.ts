/** What a whole process prints, from its start to its end, planned or not, holds no secret. */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimeWarning } from '../src/runtime.ts'
import { runGateway } from './support/gateway-command.ts'
import type { GatewayCommand } from './support/gateway-command.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const secrets = {
  SESSION_SECRET: 'q7Zt-canary-session-0123456789abcdefghij',
  SHOP_KEY: 'sk_c4n4ry00000000000000000000fa4e01',
  STOREFRONT_KEY: 'ak_c4n4ry_storefront_4f9c01d2e8b7a653',
  SIGNING_SECRET: 'sg_c4n4ry_signing_90b1c2d3e4f5a617',
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-leak-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function config(port = 0, more = ''): string {
  const path = join(folder, `gatehouse-${port}-${more.length}.yaml`)
  writeFileSync(
    path,
    `
listen: { host: 127.0.0.1, port: ${port} }
admin: { host: 127.0.0.1, port: 0 }
shutdown: { wait: 0s, deadline: 1s }
storefronts:
  acme:
    hosts: ['*']
    origins: [https://www.acme.example]
    identity:
      - { type: session, secret: \${env:SESSION_SECRET} }
    providers:
      neuroon: { environment: production, shopId: shop_abc, apiKey: \${env:SHOP_KEY} }
      nector:
        environment: production
        customer: shopify
        keys: { storefront: { apiKey: \${env:STOREFRONT_KEY}, signingSecret: \${env:SIGNING_SECRET} } }
${more}`,
  )
  return path
}

interface Ended {
  readonly output: string
  readonly code: number | null
}

/** Runs the command line, whose end fails where a secret came out; `until` is printed, then `act` is called. */
async function run(
  words: readonly string[],
  {
    until,
    act = () => undefined,
    ...more
  }: {
    readonly until?: string
    readonly act?: (command: GatewayCommand) => void
    readonly preload?: string
  } = {},
): Promise<Ended> {
  const command = runGateway(words, { secrets, env: secrets, cwd: root, ...more })
  const output = () => command.stdout() + command.stderr()
  if (until !== undefined) {
    await expect.poll(output, { timeout: 15_000 }).toContain(until)
    act(command)
  }
  const { code } = await command.ended
  return { output: output(), code }
}

describe('no secret is in what the command line prints', () => {
  test.each([[['check']], [['check', '--json']]])('by %j', async (words) => {
    const ended = await run([...words, '--config', config()])
    expect(ended.code).toBe(0)
  })

  test('when the configuration is wrong', async () => {
    const ended = await run(['start', '--config', config(1, '        shopid: ${env:SHOP_KEY}\n')])
    expect(ended.code).toBe(1)
  })

  test('when the port is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const ended = await run(['start', '--config', config((taken.address() as AddressInfo).port)])
    taken.close()
    expect(ended.code).toBe(1)
  })

  test('from a start to a stop', async () => {
    const ended = await run(['start', '--config', config()], {
      until: '"ready"',
      // The line is written a moment before the signals are listened to.
      act: ({ kill }) => setTimeout(() => kill('SIGTERM'), 500),
    })
    expect(ended.code).toBe(0)
    expect(ended.output).toContain('stopped')
    // The fixed lines of Node are looked at here as well (docs/security.md).
    expect(ended.output.includes('lacks security fixes')).toBe(
      runtimeWarning(process.versions.node) !== null,
    )
  })

  test.each([
    [
      'an exception',
      'setTimeout(() => { throw new Error("boom " + JSON.stringify(process.env)) }, 1500)',
    ],
    [
      'a rejection',
      'setTimeout(() => { Promise.reject(new Error("boom " + JSON.stringify(process.env))) }, 1500)',
    ],
    ['a rejection with no error', 'setTimeout(() => { Promise.reject({ ...process.env }) }, 1500)'],
  ])('when %s with all secrets in its message ends the process', async (_name, preload) => {
    const ended = await run(['start', '--config', config()], { preload })
    expect(ended.code).not.toBe(0)
  })
})

test('a secret in what is printed is seen at the end', async () => {
  const preload = 'console.log(Buffer.from(process.env.SHOP_KEY).toString("base64"))'
  await expect(run(['check', '--config', config()], { preload })).rejects.toThrow(
    'SHOP_KEY in standard output',
  )
})

test('and one in an answer', async () => {
  const preload = `
    const { Server } = process.getBuiltinModule('node:http')
    const { emit } = Server.prototype
    Server.prototype.emit = function (name, request, response) {
      if (name !== 'request') return emit.apply(this, arguments)
      response.end(process.env.SHOP_KEY)
    }`
  const command = runGateway(['start', '--config', config()], {
    secrets,
    env: secrets,
    preload,
  })
  await (await fetch((await command.ready).url)).text()
  command.kill('SIGTERM')
  await expect(command.ended).rejects.toThrow('SHOP_KEY in an answer')
})
