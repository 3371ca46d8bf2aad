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
  const writeCall = createCallLine()
  return {
    call: (record) => void out.write(writeCall(record)),
    token(event) {
      if (!EVERYDAY.has(event.type)) log.warn(describeEvent(event), event.type)
    },
    crash: (error) => log.fatal({ cause: describeCause(error) }, 'crash'),
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(fields, message),
  }
}

// The numbers by which pino writes its levels.
const INFO = 30
const ERROR = 50

/**
 * The line of a call, as pino would write it. There is one for every call, and all but its id, its
 * time and some numbers are words of the configuration or of ours: those are quoted once.
 */
function createCallLine(): (record: CallRecord) => string {
  const quoted = new Map<string, string>()
  const quote = (word: string | null): string => {
    if (word === null) return 'null'
    let text = quoted.get(word)
    if (text === undefined) quoted.set(word, (text = JSON.stringify(word)))
    return text
  }
  const timestamp = createTimestamp()

  return (record) => {
    const level = record.code === 'internal' ? ERROR : INFO
    const { id, subject, status, sent, cause } = record
    const head = `{"level":${level},"time":"${timestamp()}","id":"${id}","method":${quote(record.method)}`
    const where = `,"storefront":${quote(record.storefront)},"provider":${quote(record.provider)},"route":${quote(record.route)}`
    const whose = subject === null ? 'null' : `"${subject}"`
    const who = `,"channel":${quote(record.channel)},"principal":${quote(record.principal)},"subject":${whose},"service":${quote(record.service)}`
    const outcome = `,"status":${status},"code":${quote(record.code)},"sent":${sent}`
    const times = `,"duration":${rounded(record.duration)},"upstreamDuration":${rounded(record.upstreamDuration)}`
    const why = cause === undefined ? '' : `,"cause":${JSON.stringify(describeCause(cause))}`
    return `${head}${where}${who}${outcome}${times}${why},"msg":"call"}\n`
  }
}

/** ISO 8601; written anew only when a millisecond has passed. */
function createTimestamp(): () => string {
  let at = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== at) text = new Date(now).toISOString()
    at = now
    return text
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
