import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { Clock } from '../clock.ts'
import type { OnSecretUsed } from '../identity/session.ts'
import type { CallRecord } from '../record.ts'
import type { TokenEvent } from '../tokens/event.ts'
import type { Tokens } from '../tokens/authorize.ts'
import type { BudgetLeft } from '../upstream/budget/budgets.ts'
import type { OnCircuit } from '../upstream/compartment.ts'
import type { ExchangeRecord } from '../upstream/exchange.ts'
import type { Saved } from '../upstream/reads.ts'
import type { AnswerContext } from '../upstream/response-headers.ts'
import { Durations, Tallies } from './tallies.ts'

/** What the gateway counts. Labels are ids, codes and route families: never a caller's data. */
export interface Metrics {
  readonly call: (record: CallRecord) => void
  readonly exchange: (record: ExchangeRecord) => void
  readonly token: (event: TokenEvent) => void
  /** A session was good under one of the storefront's secrets. */
  readonly sessionSecret: OnSecretUsed
  /** A call went out although its budget was used up: observe-only mode. */
  readonly overBudget: (provider: string, bucket: string) => void
  readonly circuit: OnCircuit
  /** A read was answered without a call of its own. */
  readonly saved: (how: Saved, context: AnswerContext) => void
  /** The Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createMetrics(
  clock: Clock,
  sizes: () => Tokens['sizes'],
  budgetsLeft: () => readonly BudgetLeft[] = () => [],
): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const calls = new Tallies(
    'counter',
    'gatehouse_calls_total',
    'Calls by outcome; code is empty for calls that were passed on',
    ['storefront', 'provider', 'family', 'status', 'code'],
  )
  const own = new Durations(
    'gatehouse_own_seconds',
    'Time of a call that was spent in the gateway itself',
    'provider',
    SECONDS,
  )
  const upstream = new Durations(
    'gatehouse_upstream_seconds',
    'Time of a call that was spent waiting for the upstream',
    'provider',
    SECONDS,
  )
  const exchanges = new Counter({
    name: 'gatehouse_exchanges_total',
    help: 'Exchanges sent, by status; 0 where there was no answer',
    labelNames: ['provider', 'status'],
    registers,
  })
  const exchangeSeconds = new Histogram({
    name: 'gatehouse_exchange_seconds',
    help: 'Time of an exchange',
    labelNames: ['provider'],
    buckets: SECONDS,
    registers,
  })
  const tokens = new Tallies(
    'counter',
    'gatehouse_token_events_total',
    'What happened to credentials: minted, exchanged, rejected …',
    ['storefront', 'provider', 'key', 'event'],
  )
  const lastUsed = new Tallies(
    'gauge',
    'gatehouse_key_last_used_timestamp_seconds',
    'When a key was last used, since the start of the process',
    ['storefront', 'provider', 'key'],
  )
  const clockOffset = new Gauge({
    name: 'gatehouse_clock_offset_seconds',
    help: 'How far the upstream’s clock is ahead of this host’s',
    labelNames: ['provider'],
    registers,
  })
  const kept = new Gauge({
    name: 'gatehouse_kept',
    help: 'Entries in memory',
    labelNames: ['what'],
    registers,
    collect() {
      const { tokens, accounts } = sizes()
      kept.set({ what: 'tokens' }, tokens)
      kept.set({ what: 'accounts' }, accounts)
    },
  })

  const left = new Gauge({
    name: 'gatehouse_budget_left',
    help: 'Calls that an upstream would still take; key is the beginning of its fingerprint',
    labelNames: ['provider', 'key', 'bucket'],
    registers,
    collect() {
      left.reset()
      for (const { provider, key, bucket, free } of budgetsLeft()) {
        left.set({ provider, key, bucket }, free)
      }
    },
  })
  const overBudget = new Counter({
    name: 'gatehouse_budget_over_total',
    help: 'Calls sent although their budget was used up, where it only observes',
    labelNames: ['provider', 'bucket'],
    registers,
  })
  const circuits = new Gauge({
    name: 'gatehouse_circuits_open',
    help: 'Storefronts whose calls to a family of routes are held back because they fail',
    labelNames: ['provider', 'family'],
    registers,
  })
  const saved = new Counter({
    name: 'gatehouse_calls_saved_total',
    help: 'Reads answered without a call of their own: kept (hit, stale) or shared (collapsed)',
    labelNames: ['provider', 'how'],
    registers,
  })

  const keyUsed = (storefront: string, provider: string, key: string) => {
    tokens.count([storefront, provider, key, 'used'])
    // In seconds, as Prometheus counts time.
    lastUsed.set([storefront, provider, key], clock.now() / 1000)
  }

  return {
    contentType: registry.contentType,
    async text() {
      const everyCall = [calls, own, upstream, tokens, lastUsed].map((metric) => metric.text())
      return [...everyCall, await registry.metrics()].join('\n')
    },
    call(record) {
      const { storefront, provider, family, status, code } = record
      calls.count([storefront ?? '', provider ?? '', family ?? '', String(status), code ?? ''])
      if (provider === null) return
      own.observe(provider, record.duration - record.upstreamDuration)
      if (record.sent > 0) upstream.observe(provider, record.upstreamDuration)
    },
    exchange({ upstream: { provider }, status, duration }) {
      exchanges.inc({ provider, status: String(status ?? 0) })
      exchangeSeconds.observe({ provider }, duration / 1000)
    },
    overBudget: (provider, bucket) => overBudget.inc({ provider, bucket }),
    circuit: ({ provider }, family, isOpen) => circuits.inc({ provider, family }, isOpen ? 1 : -1),
    saved: (how, { upstream: { provider } }) => saved.inc({ provider, how }),
    token(event) {
      if (event.type === 'clock-corrected') {
        clockOffset.set({ provider: event.provider }, event.offset / 1000)
        return
      }
      const { storefront, provider, keyId } = event.tuple
      if (event.type === 'used') keyUsed(storefront, provider, keyId)
      else tokens.count([storefront, provider, keyId, event.type])
    },
    // Beside the providers' keys, so that one query shows every rotation.
    sessionSecret: (storefront, secret) => keyUsed(storefront, 'session', secret),
  }
}
