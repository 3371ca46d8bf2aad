import { VIA } from '../downstream/accept.ts'
import type { Arrival } from '../downstream/accept.ts'
import type { CacheRule, Credential, Route, Upstream } from '../provider.ts'
import { requestHeaders } from './request-headers.ts'

/** A read whose answer may be shared with identical ones, or kept for the next. */
export interface Reading {
  /**
   * Identical reads have the same; others seldom do. Most reads share nothing with anybody, and
   * for them this is all that is worked out.
   */
  readonly name: string
  /**
   * Everything that makes the answer what it is, and whose it is. Two calls share an answer only
   * if all of it is equal; leaving one field out is how one shopper gets another's (threats T20).
   * The tuple itself, written out: two different ones cannot meet.
   */
  readonly key: string
  /** How long the answer may be kept; null where it may not. */
  readonly rule: CacheRule | null
  /** Whose answer it is, for dropping it when they change something; null for everybody's. */
  readonly owner: string | null
  /** The caller has these versions already: only an answer that is kept may serve it. */
  readonly ifNoneMatch: string | null
}

export interface ReadingFacts {
  readonly storefront: string
  readonly upstream: Upstream
  readonly route: Route
  readonly credential: Credential
  /** Canonical customer id. */
  readonly customer: string | null
  readonly arrival: Arrival
  /** The query that is sent, as far as the caller wrote it. */
  readonly query: string
  /** Checked values of the headers that the provider understands. */
  readonly headers: Readonly<Record<string, string>>
}

/** What of the storefront's wishes matters to a read. */
export interface ReadingRules {
  /** Whether content is kept. */
  readonly content: boolean
  /** Milliseconds for which a shopper's own reads are kept; null: they are not. */
  readonly own: number | null
}

/** Null for what is neither shared nor kept: changes, parts, searches, questions with conditions. */
export function readingOf(facts: ReadingFacts, rules: ReadingRules): Reading | null {
  const { arrival, route, customer, storefront } = facts
  if (arrival.method !== 'GET' || route.shared === false || isConditional(arrival)) return null
  const isOwn = route.content !== true && customer !== null
  const rule = ruleOf(route, isOwn, rules)
  const owner = isOwn ? ownerOf(storefront, customer) : null
  const ifNoneMatch = arrival.headers['if-none-match'] ?? null
  if (ifNoneMatch !== null && rule === null) return null
  const name = `${storefront} ${isOwn ? customer : ''} ${arrival.path}?${facts.query}`
  return new Asked(facts, { name, rule, owner, ifNoneMatch })
}

/** Works its key out when somebody wants to know. A class: a literal with a getter is slow to make. */
class Asked implements Reading {
  readonly name: string
  readonly rule: CacheRule | null
  readonly owner: string | null
  readonly ifNoneMatch: string | null
  readonly #facts: ReadingFacts
  #key: string | null = null

  constructor(facts: ReadingFacts, { name, rule, owner, ifNoneMatch }: Omit<Reading, 'key'>) {
    this.name = name
    this.rule = rule
    this.owner = owner
    this.ifNoneMatch = ifNoneMatch
    this.#facts = facts
  }

  get key(): string {
    const facts = this.#facts
    return (this.#key ??= readingKey(this.ifNoneMatch === null ? facts : unconditional(facts)))
  }
}

/** The same question without the caller's own versions: what is kept answers both. */
function unconditional(facts: ReadingFacts): ReadingFacts {
  const { 'if-none-match': _, ...headers } = facts.arrival.headers
  return { ...facts, arrival: { ...facts.arrival, headers } }
}

export function ownerOf(storefront: string, customer: string): string {
  return JSON.stringify([storefront, customer])
}

function ruleOf(route: Route, isOwn: boolean, { content, own }: ReadingRules): CacheRule | null {
  if (route.content === true) return content ? (route.cache ?? null) : null
  // A balance that is out of date is worse than none: nothing stale.
  return isOwn && own !== null ? { fresh: own, stale: 0 } : null
}

export function readingKey(facts: ReadingFacts): string {
  const { storefront, upstream, credential, customer, arrival, query, headers, route } = facts
  const { key, token } = credential
  // Content is the same for everybody, unless a shopper's own token goes along.
  const isEverybodys = route.content === true && token?.per !== 'customer'
  return JSON.stringify([
    storefront,
    upstream.provider,
    upstream.environment,
    upstream.origin,
    upstream.namespace,
    key.id,
    key.fingerprint,
    token?.kind ?? null,
    isEverybodys ? null : customer,
    arrival.path,
    query,
    headers,
    requestHeaders(arrival, upstream, [], VIA),
  ])
}

function isConditional({ headers }: Arrival): boolean {
  return (
    headers['range'] !== undefined ||
    headers['if-match'] !== undefined ||
    headers['if-modified-since'] !== undefined ||
    headers['if-unmodified-since'] !== undefined ||
    headers['if-range'] !== undefined
  )
}
