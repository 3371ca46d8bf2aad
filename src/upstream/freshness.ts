import type { AnswerHead, CacheRule } from '../provider.ts'

/** How long an answer may be served without asking again. Milliseconds from its arrival. */
export interface Freshness {
  readonly fresh: number
  /** How much longer while the upstream fails. */
  readonly stale: number
  /** How old it was when it came (RFC 9111 §4.2.3). */
  readonly age: number
}

/** Whatever an upstream says, nothing lives longer. */
const LONGEST = 3_600_000

/**
 * Whether an answer may be kept at all, and for how long: what the upstream says itself goes before
 * what the route says (RFC 9111 §3, §4.2, §5.2.2). Null where it must not be kept.
 *
 * Every request header that went upstream is part of the key, so of `Vary` only `*` matters.
 */
export function freshnessOf({ status, headers }: AnswerHead, rule: CacheRule): Freshness | null {
  if (status !== 200 || headers['set-cookie'] !== undefined) return null
  if (headers['content-range'] !== undefined || text(headers['vary']).includes('*')) return null
  const said = readCacheControl(text(headers['cache-control']))
  if (said.has('no-store') || said.has('private') || said.has('no-cache')) return null
  // RFC 9111 §5.4: the only word of HTTP/1.0 on it, where there is no other.
  if (said.size === 0 && text(headers['pragma']).includes('no-cache')) return null

  const age = secondsOf(text(headers['age'])) ?? 0
  const lifetime = lifetimeOf(said, headers) ?? rule.fresh
  const fresh = Math.min(lifetime, LONGEST) - age
  if (fresh <= 0) return null
  return { fresh, stale: staleFor(said, rule), age }
}

type CacheControl = ReadonlyMap<string, string>

/** Directive → argument, names in lower case; the first of two counts (RFC 9111 §4.2.1). */
function readCacheControl(value: string): CacheControl {
  const directives = new Map<string, string>()
  for (const [, name = '', quoted, token = ''] of value.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase()
    if (!directives.has(key)) directives.set(key, quoted ?? token)
  }
  return directives
}

// RFC 9110 §5.6.2 and §5.6.4.
const DIRECTIVE = /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+)))?/g

/** Null where the upstream says nothing; what cannot be read is over at once (§4.2.1). */
function lifetimeOf(said: CacheControl, headers: AnswerHead['headers']): number | null {
  const explicit = said.get('s-maxage') ?? said.get('max-age')
  if (explicit !== undefined) return secondsOf(explicit) ?? 0
  const expires = headers['expires']
  if (expires === undefined) return null
  const end = Date.parse(text(expires))
  const sent = Date.parse(text(headers['date']))
  return Number.isNaN(end) || Number.isNaN(sent) ? 0 : end - sent
}

/** RFC 9111 §4.2.4 and RFC 5861 §4. */
function staleFor(said: CacheControl, rule: CacheRule): number {
  if (['must-revalidate', 'proxy-revalidate', 's-maxage'].some((name) => said.has(name))) return 0
  const explicit = said.get('stale-if-error')
  return Math.min(explicit === undefined ? rule.stale : (secondsOf(explicit) ?? 0), LONGEST)
}

/** Milliseconds. */
function secondsOf(value: string): number | null {
  return /^\d{1,9}$/.test(value) ? Number(value) * 1000 : null
}

function text(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(', ') : (value ?? '')
}
