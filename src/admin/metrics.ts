import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { CallRecord } from '../record.ts'
import type { TokenEvent } from '../tokens/event.ts'
import type { Tokens } from '../tokens/authorize.ts'
import type { ExchangeRecord } from '../upstream/exchange.ts'

/** What the gateway counts. Labels are ids, codes and route families: never a caller's data. */
export interface Metrics {
  readonly call: (record: CallRecord) => void
  readonly exchange: (record: ExchangeRecord) => void
  readonly token: (event: TokenEvent) => void
  /** The Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createMetrics(sizes: () => Tokens['sizes']): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const calls = new Counter({
    name: 'gatehouse_calls_total',
    help: 'Calls by outcome; code is empty for calls that were passed on',
    labelNames: ['storefront', 'provider', 'family', 'status', 'code'],
    registers,
  })
  const own = new Histogram({
    name: 'gatehouse_own_seconds',
    help: 'Time of a call that was spent in the gateway itself',
    labelNames: ['provider'],
    buckets: SECONDS,
    registers,
  })
  const upstream = new Histogram({
    name: 'gatehouse_upstream_seconds',
    help: 'Time of a call that was spent waiting for the upstream',
    labelNames: ['provider'],
    buckets: SECONDS,
    registers,
  })
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
  const tokens = new Counter({
    name: 'gatehouse_token_events_total',
    help: 'What happened to credentials: minted, exchanged, rejected …',
    labelNames: ['storefront', 'provider', 'key', 'event'],
    registers,
  })
  const clock = new Gauge({
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

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    call(record) {
      const provider = record.provider ?? ''
      const { storefront, family, status, code } = record
      calls.inc({
        storefront: storefront ?? '',
        provider,
        family: family ?? '',
        status: String(status),
        code: code ?? '',
      })
      if (record.provider === null) return
      own.observe({ provider }, (record.duration - record.upstreamDuration) / 1000)
      if (record.sent > 0) upstream.observe({ provider }, record.upstreamDuration / 1000)
    },
    exchange({ upstream: { provider }, status, duration }) {
      exchanges.inc({ provider, status: String(status ?? 0) })
      exchangeSeconds.observe({ provider }, duration / 1000)
    },
    token(event) {
      if (event.type === 'clock-corrected') {
        clock.set({ provider: event.provider }, event.offset / 1000)
        return
      }
      const { storefront, provider, keyId } = event.tuple
      tokens.inc({ storefront, provider, key: keyId, event: event.type })
    },
  }
}
