/**
 * A running gateway: all parts made and connected, listening until it is told to stop. The
 * commands `start` and `sandbox` and the tests build it; nothing here reads a file or `process`.
 */
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createMetrics } from './admin/metrics.ts'
import { createAdminServer } from './admin/server.ts'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config/config.ts'
import { createCallerAddress } from './downstream/caller-address.ts'
import { createPublicServer } from './downstream/server.ts'
import { createGateway } from './gateway.ts'
import { createLog } from './log.ts'
import type { Provider } from './provider.ts'
import { buildStorefronts } from './storefront.ts'
import { createTokens } from './tokens/authorize.ts'
import { createDeliver } from './upstream/deliver.ts'
import { createDispatchers } from './upstream/dispatcher.ts'
import { createExchange } from './upstream/exchange.ts'
import { createForward } from './upstream/forward.ts'

export interface GatewayProcess {
  /** Where it listens, once started. */
  readonly url: string
  readonly adminUrl: string
  /**
   * Readiness goes off at once, new calls are served for `shutdown.wait`, calls in flight finish,
   * and what is left after `shutdown.deadline` is cut off.
   */
  stop(): Promise<void>
}

export interface ProcessOptions {
  readonly config: Config
  readonly providers: readonly Provider[]
  readonly logTo: Writable
  readonly clock?: Clock
  readonly random?: () => number
}

const KEPT_TOKENS = 200_000

export async function startProcess(options: ProcessOptions): Promise<GatewayProcess> {
  const { config, providers, clock = systemClock, random = Math.random } = options
  const log = createLog(options.logTo)
  const dispatchers = createDispatchers()
  const metrics = createMetrics(() => tokens.sizes)
  const tokens = createTokens({
    clock,
    random,
    capacity: KEPT_TOKENS,
    exchange: createExchange(dispatchers, clock, metrics.exchange),
    onEvent: (event) => {
      metrics.token(event)
      log.token(event)
    },
  })
  const gateway = createGateway({
    storefronts: buildStorefronts(config, providers, { clock, tokens }),
    tokens,
    deliver: createDeliver({ tokens, dispatchers, forward: createForward(clock) }),
    addressOf: createCallerAddress(config.listen.trustedProxies),
    clock,
    onRecord: (record) => {
      metrics.call(record)
      log.call(record)
    },
  })

  let isReady = false
  const publicServer = createPublicServer({ serve: gateway, isReady: () => isReady })
  const admin = createAdminServer({ metrics, token: config.admin.token, isReady: () => isReady })
  const adminUrl = await admin.listen(config.admin)
  const url = await publicServer.listen(config.listen)
  isReady = true
  log.info('ready', { url, adminUrl, storefronts: Object.keys(config.storefronts).length })

  return {
    url,
    adminUrl,
    async stop() {
      isReady = false
      log.info('stopping')
      await delay(config.shutdown.wait)
      const left = config.shutdown.deadline - config.shutdown.wait
      await Promise.race([publicServer.close(), delay(left)])
      publicServer.server.closeAllConnections()
      await admin.close()
      await dispatchers.close()
      log.info('stopped')
    },
  }
}
