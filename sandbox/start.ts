/**
 * Everything offline and in one process: the gateway, an emulator of each provider, and a demo
 * storefront. Needs no configuration; every key is made up at each start.
 *
 * Owns how the parts find each other and what is printed about them. The gateway in it is the
 * real one, configured like any other. Called by the command `sandbox` and by tests.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Writable } from 'node:stream'
import type { RunningSandbox, SandboxOptions } from '../src/cli/sandbox.ts'
import { startProcess } from '../src/process.ts'
import { createCallLines } from './call-lines.ts'
import { syncCatalogue } from './catalogue.ts'
import { SHOP_ID, sandboxConfig } from './config.ts'
import { curlLines } from './curl-lines.ts'
import type { Example } from './curl-lines.ts'
import { createNectorEmulator } from './emulators/nector.ts'
import type { NectorEmulator } from './emulators/nector.ts'
import { createNeuroonEmulator } from './emulators/neuroon.ts'
import type { NeuroonEmulator } from './emulators/neuroon.ts'
import { createKeys } from './keys.ts'
import type { ProviderKeys, SandboxKeys } from './keys.ts'
import { leads, shoppers } from './shoppers.ts'
import { startStorefrontServer } from './storefront-server.ts'
import { summarize } from './summary.ts'

export interface Sandbox extends RunningSandbox {
  readonly gatewayUrl: string
  readonly adminUrl: string
  readonly shopUrl: string
  readonly examples: readonly Example[]
  readonly neuroon: NeuroonEmulator
  readonly nector: NectorEmulator
  /** What must never leave the gateway; for tests that look for it. */
  readonly keys: SandboxKeys
  /** Only the gateway, to see the page without it. */
  stopGateway(): Promise<void>
}

export interface StartOptions extends SandboxOptions {
  /** The gateway's log as it is, instead of a readable line for each call. */
  readonly logTo?: Writable
}

export async function startSandbox(options: StartOptions): Promise<Sandbox> {
  await refuseTaken(options.port)
  const keys = createKeys()
  const stops: (() => Promise<void>)[] = []
  try {
    return await startParts(options, keys, stops)
  } catch (error) {
    await stopAll(stops)
    throw error
  }
}

/** Adds to `stops` what it has started, so that nothing is left when a later part fails. */
async function startParts(
  { port, providers, print, logTo }: StartOptions,
  keys: SandboxKeys,
  stops: (() => Promise<void>)[],
): Promise<Sandbox> {
  const shop = await startStorefrontServer(shoppers)
  stops.push(() => shop.close())
  const neuroon = createNeuroonEmulator({
    shops: [{ shopId: SHOP_ID, apiKey: keys.provider.shop, url: shop.url }],
    contentCookies: false,
  })
  const neuroonUrl = await neuroon.listen()
  stops.push(() => neuroon.close())
  const nector = createNectorEmulator({
    keys: nectorKeys(keys.provider),
    leads,
    contentCookies: false,
  })
  const nectorUrl = await nector.listen()
  stops.push(() => nector.close())

  let isOpen = false
  const places = { port, neuroonUrl, nectorUrl, origins: shop.origins }
  const gateway = await startProcess({
    config: sandboxConfig(places, keys, providers),
    providers,
    // What the shop itself does at the start is nobody's call.
    logTo: logTo ?? createCallLines((text) => isOpen && print(text)),
  })
  let stopping: Promise<void> | null = null
  const stopGateway = () => (stopping ??= gateway.stop())
  stops.push(stopGateway)

  const { backend, plugin } = keys.service
  await syncCatalogue({ gatewayUrl: gateway.url, serviceKey: plugin, shopUrl: shop.url })
  shop.open({ url: gateway.url, serviceKey: backend })
  isOpen = true

  const urls = { gatewayUrl: gateway.url, adminUrl: gateway.adminUrl, shopUrl: shop.url }
  const customer = shoppers[0]?.id ?? ''
  const examples = curlLines(gateway.url, keys.service, { shopUrl: shop.url, customer })
  return {
    ...urls,
    examples,
    neuroon,
    nector,
    keys,
    summary: summarize({ ...urls, neuroonUrl, nectorUrl, examples }),
    stopGateway,
    stop: () => stopAll(stops),
  }
}

function nectorKeys(keys: ProviderKeys) {
  return [
    {
      apiKey: keys.storefront,
      access: 'STOREFRONT' as const,
      signingSecret: keys.signingSecret,
    },
    { apiKey: keys.server, access: 'SERVER' as const },
    { apiKey: keys.write, access: 'WRITE' as const },
  ]
}

/** Asked before anything is started, so that a wrong port is told at once and leaves nothing. */
async function refuseTaken(port: number): Promise<void> {
  const probe = createServer()
  probe.listen({ port, host: '127.0.0.1' })
  await once(probe, 'listening')
  probe.close()
  await once(probe, 'close')
}

async function stopAll(stops: readonly (() => Promise<void>)[]): Promise<void> {
  // The gateway first: it finishes its calls, which need the emulators.
  for (const stop of stops.toReversed()) await stop()
}
