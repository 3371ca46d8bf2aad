/**
 * A running gateway: all parts made and connected, listening until it is told to stop. The
 * commands `start` and `sandbox` and the tests build it; nothing here reads a file or `process`.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createMetrics } from './admin/metrics.ts'
import { createAdminServer } from './admin/server.ts'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config/config.ts'
import { createCallerAddress } from './downstream/caller-address.ts'
import { drain } from './downstream/drain.ts'
import { createPublicServer } from './downstream/server.ts'
import { watchOverload } from './downstream/overload.ts'
import { createGateway } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { createLog } from './log.ts'
import type { LogTarget } from './log.ts'
import type { Provider } from './provider.ts'
import { CallRecorder } from './record.ts'
import type { CallRecord } from './record.ts'
import { buildStorefronts } from './storefront.ts'
import { createTokens } from './tokens/authorize.ts'
import type { Schedule } from './upstream/budget/budget.ts'
import { createBudgets } from './upstream/budget/budgets.ts'
import { createCompartments } from './upstream/compartment.ts'
import { createContentCache } from './upstream/content-cache.ts'
import { createDeliver } from './upstream/deliver.ts'
import { createDispatchers } from './upstream/dispatcher.ts'
import { createExchange } from './upstream/exchange.ts'
import { createForward } from './upstream/forward.ts'
import { createMetered } from './upstream/metered.ts'
import { createReads } from './upstream/reads.ts'

export interface GatewayProcess {
  /** Where it listens, once started. */
  readonly url: string
  readonly adminUrl: string
  /**
   * Readiness goes off at once, new calls are served for `shutdown.wait`, calls in flight finish,
   * and what is left after `shutdown.deadline` is cut off.
   */
  stop(): Promise<void>
  /** Writes down why the process is about to end. */
  crashed(error: unknown): void
}

export interface ProcessOptions {
  readonly config: Config
  readonly providers: readonly Provider[]
  readonly logTo: LogTarget
  readonly clock?: Clock
  readonly random?: () => number
  /** Runs something later; returns what cancels it. Tests pass one that follows their clock. */
  readonly schedule?: Schedule
}

const KEPT_TOKENS = 200_000

export async function startProcess(options: ProcessOptions): Promise<GatewayProcess> {
  const { config, providers, clock = systemClock, random = Math.random } = options
  const { schedule = runLater } = options
  const log = createLog(options.logTo)
  const dispatchers = createDispatchers()
  const metrics = createMetrics(
    clock,
    () => tokens.sizes,
    () => budgets.left,
  )
  const budgets = createBudgets({ clock, schedule, onOver: metrics.overBudget })
  const compartments = createCompartments(metrics.circuit)
  const overload = watchOverload()
  const tokens = createTokens({
    clock,
    random,
    capacity: KEPT_TOKENS,
    exchange: createExchange({
      dispatchers,
      budgets,
      compartments,
      clock,
      onExchange: metrics.exchange,
    }),
    onEvent: (event) => {
      metrics.token(event)
      log.token(event)
    },
  })
  const onRecord = (record: CallRecord) => {
    metrics.call(record)
    log.call(record)
  }
  const gateway = createGateway({
    storefronts: buildStorefronts(config, providers, {
      clock,
      tokens,
      budgets,
      onSecretUsed: metrics.sessionSecret,
    }),
    tokens,
    deliver: createDeliver({
      tokens,
      dispatchers,
      forward: createMetered({ forward: createForward(clock), budgets, compartments, clock }),
    }),
    reads: createReads({ cache: createContentCache(), clock, onSaved: metrics.saved }),
    overload,
    addressOf: createCallerAddress({
      trusted: config.listen.trustedProxies,
      onUnlisted: (peer) => log.warn('forwarded-headers-ignored', { peer }),
    }),
    limits: config.listen.limits,
    clock,
    onRecord,
  })

  let isReady = false
  let isStopping = false
  const serve: Gateway = (request, response) => {
    // Whoever keeps a connection to a gateway that is going away would lose its next call.
    if (isStopping) response.shouldKeepAlive = false
    return gateway(request, response)
  }
  const publicServer = createPublicServer({
    serve,
    isReady: () => isReady,
    onRefused(problem) {
      const recorder = new CallRecorder(clock)
      recorder.failed(problem)
      onRecord(recorder.finish(problem.status))
      return recorder.id
    },
    limits: config.listen.limits,
  })
  const admin = createAdminServer({ metrics, token: config.admin.token, isReady: () => isReady })
  const url = await publicServer.listen(config.listen)
  const adminUrl = await admin.listen(config.admin).catch(async (error: unknown) => {
    await publicServer.close()
    throw error
  })
  isReady = true
  log.info('ready', { url, adminUrl, storefronts: Object.keys(config.storefronts).length })

  return {
    url,
    adminUrl,
    async stop() {
      isReady = false
      isStopping = true
      log.info('stopping')
      await delay(config.shutdown.wait)
      await drain(publicServer, config.shutdown.deadline - config.shutdown.wait)
      overload.close()
      await admin.close()
      await dispatchers.close()
      log.info('stopped')
    },
    crashed: (error) => log.crash(error),
  }
}

const runLater: Schedule = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds)
  return () => clearTimeout(timer)
}
