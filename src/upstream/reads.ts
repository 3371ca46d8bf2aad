import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { asProblem, Problem } from '../problem.ts'
import { Flight } from './coalesce.ts'
import type { ContentCache, StoredAnswer, WholeAnswer } from './content-cache.ts'
import type { Delivered } from './deliver.ts'
import { callerGone } from './failure.ts'
import { freshnessOf } from './freshness.ts'
import { ownerOf } from './reading.ts'
import type { Reading } from './reading.ts'
import { responseHeaders } from './response-headers.ts'
import type { AnswerContext } from './response-headers.ts'

/** Whose read it is, for writing the answer. */
export interface Reader {
  readonly response: ServerResponse
  readonly context: AnswerContext
}

/** How a read was answered without a call of its own. */
export type Saved = 'hit' | 'stale' | 'collapsed'

/** Makes the call itself. */
export type Carry = (flight: Flight | null, withholdsFaults: boolean) => Promise<Delivered>

/** Answers reads with as few calls as possible. */
export interface Reads {
  /** Throws what `carry` throws, where nothing better is kept. */
  serve(reading: Reading, reader: Reader, carry: Carry): Promise<void> | void
  /** A shopper has changed something: what is kept of their own reads is no longer true. */
  changed(storefront: string, customer: string): void
}

export interface ReadsParts {
  readonly cache: ContentCache
  readonly clock: Clock
  readonly onSaved: (how: Saved, context: AnswerContext) => void
}

/**
 * Emptied at its end. The tables that a map has outgrown go on pointing at what was in them, and a
 * collector that looks at young objects alone then takes whole calls for alive: that doubled its
 * work and filled 2 KB a call of the old generation.
 */
interface UnderWay {
  what: { readonly reading: Reading; readonly flight: Flight } | null
}

export function createReads({ cache, clock, onSaved }: ReadsParts): Reads {
  /** By name: the reads under way that others may join. */
  const flights = new Map<string, UnderWay>()

  const answer = (reader: Reader, whole: WholeAnswer, how: Saved, etags: string | null = null) => {
    onSaved(how, reader.context)
    answerWhole(reader, whole, how, etags, clock.monotonic())
  }

  function serve(reading: Reading, reader: Reader, carry: Carry): Promise<void> | void {
    const { name, owner, rule, ifNoneMatch } = reading
    const now = clock.monotonic()
    const stored = rule === null ? null : cache.find(reading.key, owner, now)
    if (stored !== null && now < stored.freshUntil) {
      return answer(reader, stored, 'hit', ifNoneMatch)
    }
    // What the caller has already is compared by the upstream, and its answer has no body to keep.
    if (ifNoneMatch !== null) return alone(reader, stored, carry)
    const other = flights.get(name)?.what ?? null
    if (other === null) return lead(reading, reader, stored, carry)
    // One that differs in what its name leaves out goes alone.
    if (other.reading.key !== reading.key) return alone(reader, stored, carry)
    return join(other.flight, reader, stored, carry)
  }

  async function lead(
    reading: Reading,
    reader: Reader,
    stored: StoredAnswer | null,
    carry: Carry,
  ): Promise<void> {
    const flight = new Flight()
    const askedAt = clock.monotonic()
    const underWay: UnderWay = { what: { reading, flight } }
    flights.set(reading.name, underWay)
    try {
      const delivered = await carry(flight, stored !== null)
      const isNeeded = reading.rule !== null || flight.isWanted
      const whole = delivered === 'withheld' ? stored : isNeeded ? flight.end() : null
      if (whole === null) return flight.dissolve()
      if (delivered === 'withheld') answer(reader, whole, 'stale')
      else keep(reading, whole, askedAt)
      flight.land(whole)
    } catch (error) {
      if (stored === null || !isTheirFault(error) || reader.response.headersSent) {
        // A caller that hangs up is no reason for others to fail.
        if (isTheirFault(error)) flight.fail(asProblem(error))
        else flight.dissolve()
        throw error
      }
      answer(reader, stored, 'stale')
      flight.land(stored)
    } finally {
      flights.delete(reading.name)
      underWay.what = null
    }
  }

  async function join(
    flight: Flight,
    reader: Reader,
    stored: StoredAnswer | null,
    carry: Carry,
  ): Promise<void> {
    const { response } = reader
    const joined = flight.join()
    const leave = () => joined.leave(callerGone())
    response.once('close', leave)
    const whole = await joined.answer.finally(() => response.off('close', leave))
    if (whole === 'alone') return alone(reader, stored, carry)
    answer(reader, whole, whole === stored ? 'stale' : 'collapsed')
  }

  /** Without sharing; what is kept still serves where the upstream fails. */
  async function alone(reader: Reader, stored: StoredAnswer | null, carry: Carry): Promise<void> {
    try {
      const delivered = await carry(null, stored !== null)
      if (delivered === 'withheld' && stored !== null) answer(reader, stored, 'stale')
    } catch (error) {
      if (stored === null || !isTheirFault(error) || reader.response.headersSent) throw error
      answer(reader, stored, 'stale')
    }
  }

  function keep(reading: Reading, whole: WholeAnswer, askedAt: number): void {
    const freshness = reading.rule === null ? null : freshnessOf(whole.head, reading.rule)
    if (freshness !== null) cache.store(reading.key, whole, freshness, askedAt)
  }

  return {
    serve,
    changed: (storefront, customer) =>
      cache.changed(ownerOf(storefront, customer), clock.monotonic()),
  }
}

/**
 * The upstream's, or that of what holds calls back from it: neither the caller's nor a mistake of
 * ours. That no connection can be made to it is the same to who waits for an answer.
 */
function isTheirFault(error: unknown): boolean {
  if (!(error instanceof Problem)) return false
  if (error.code === 'downstream/overloaded') return true
  return error.code.startsWith('upstream/') || error.code === 'tokens/exchange-unavailable'
}

function answerWhole(
  { response, context }: Reader,
  { head, body, ...kept }: WholeAnswer | StoredAnswer,
  how: Saved,
  etags: string | null,
  now: number,
): void {
  if (response.destroyed) return
  const { 'content-length': _, age: __, ...headers } = head.headers
  const aged = 'storedAt' in kept ? { ...headers, age: ageOf(kept, now) } : headers
  const isKnown = etags !== null && hasTag(etags, head.headers['etag'])
  const status = isKnown ? 304 : head.status
  const lines = responseHeaders(aged, context, status)
  lines.push('cache-status', CACHE_STATUS[how])
  if (!isKnown && status !== 204) lines.push('content-length', String(body.length))
  response.writeHead(status, lines)
  response.end(isKnown ? undefined : body)
}

// RFC 9211.
const CACHE_STATUS: Readonly<Record<Saved, string>> = {
  hit: 'gatehouse; hit',
  stale: 'gatehouse; hit; detail=stale',
  collapsed: 'gatehouse; fwd=miss; collapsed',
}

/** RFC 9111 §5.1, in seconds. */
function ageOf({ age, storedAt }: Pick<StoredAnswer, 'age' | 'storedAt'>, now: number): string {
  return String(Math.floor((age + now - storedAt) / 1000))
}

/** RFC 9110 §13.1.2: compared weakly. */
function hasTag(etags: string, etag: string | string[] | undefined): boolean {
  if (typeof etag !== 'string') return false
  const bare = etag.replace(/^W\//, '')
  return (
    etags.trim() === '*' || etags.split(',').some((one) => one.trim().replace(/^W\//, '') === bare)
  )
}
