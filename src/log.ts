import { pino } from 'pino'
import type { CallRecord } from './record.ts'
import type { TokenEvent } from './tokens/event.ts'

/** Takes lines. */
export interface LogTarget {
  write(line: string): unknown
}

/**
 * One JSON line for each call and each event out of the ordinary. Everything in a line is listed
 * here by name: what is not listed cannot leak.
 */
export interface Log {
  call(record: CallRecord): void
  token(event: TokenEvent): void
  /** The process is about to end because of this. */
  crash(error: unknown): void
  info(message: string, fields?: Readonly<Record<string, string | number>>): void
  warn(message: string, fields?: Readonly<Record<string, string | number>>): void
}

/** What is everyday is counted and not written. */
const EVERYDAY = new Set<TokenEvent['type']>([
  'minted',
  'issued',
  'exchanged',
  'used',
  'account-learned',
])

export function createLog(out: LogTarget): Log {
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, out)
  return {
    call(record) {
      const level = record.code === 'internal' ? 'error' : 'info'
      log[level](describeCall(record), 'call')
    },
    token(event) {
      if (!EVERYDAY.has(event.type)) log.warn(describeEvent(event), event.type)
    },
    crash: (error) => log.fatal({ cause: describeCause(error) }, 'crash'),
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(fields, message),
  }
}

function describeCall(record: CallRecord): object {
  const { id, method, storefront, provider, route, channel, principal, subject, service } = record
  const { status, code, sent, cause } = record
  const caller = { channel, principal, subject, service }
  return {
    id,
    method,
    storefront,
    provider,
    route,
    ...caller,
    status,
    code,
    sent,
    duration: rounded(record.duration),
    upstreamDuration: rounded(record.upstreamDuration),
    ...(cause === undefined ? {} : { cause: describeCause(cause) }),
  }
}

function describeEvent(event: TokenEvent): object {
  if (event.type === 'clock-corrected') return { provider: event.provider, offset: event.offset }
  const { provider, environment, storefront, keyId, kind } = event.tuple
  const code = event.type === 'mint-failed' ? { code: event.code } : {}
  return { provider, environment, storefront, keyId, kind, ...code }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}

/** The kind of an error and its code: its message may hold what the upstream or a caller sent. */
function describeCause(cause: unknown): string {
  if (typeof cause === 'string') return cause
  if (!(cause instanceof Error)) return typeof cause
  const code = 'code' in cause && typeof cause.code === 'string' ? ` ${cause.code}` : ''
  return `${cause.name}${code}`
}
