import type { IncomingHttpHeaders } from 'node:http'
import { Problem } from '../problem.ts'
import type { Headers, Upstream } from '../provider.ts'
import { nominated } from './hop-by-hop.ts'

/**
 * What of an upstream's headers reaches the caller: these, and nothing else. Cookies, CORS headers,
 * server names and credentials never come back.
 */
const PASSED = [
  'accept-ranges',
  'age',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'retry-after',
]

export interface AnswerContext {
  readonly upstream: Upstream
  readonly requestId: string
  readonly cors: Headers
  readonly via: string
  /** The answer belongs to somebody: no shared cache may keep it (threats T31). */
  readonly isPrivate: boolean
}

/** The header lines of an answer as `writeHead` takes them. Throws `upstream/bad-response`. */
export function responseHeaders(
  headers: IncomingHttpHeaders,
  context: AnswerContext,
  status = 200,
): string[] {
  const lines: string[] = ['x-request-id', context.requestId, 'via', context.via]
  const hopByHop = nominated(listOf(headers['connection']))
  for (const name of PASSED) {
    const value = single(name, headers[name], context)
    if (value === undefined || hopByHop?.has(name) === true) continue
    // RFC 9110 §8.6.
    if (name === 'content-length' && status === 204) continue
    lines.push(name, value)
  }
  const location = single('location', headers['location'], context)
  if (location !== undefined) lines.push('location', ownLocation(location, context))
  const cacheControl = context.isPrivate ? 'private, no-store' : listOf(headers['cache-control'])
  if (cacheControl !== undefined) lines.push('cache-control', cacheControl)
  for (const [name, value] of context.cors) {
    lines.push(name, name === 'vary' ? varied(listOf(headers['vary']), value) : value)
  }
  lines.push('x-content-type-options', 'nosniff')
  return lines
}

type Value = string | string[] | undefined

/** Two of these would be read differently by different callers. */
function single(name: string, value: Value, context: AnswerContext): string | undefined {
  if (typeof value === 'object') throw repeated(name, context)
  return value
}

function listOf(value: Value): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value
}

function varied(upstream: string | undefined, ours: string): string {
  return upstream === undefined ? ours : `${ours}, ${upstream}`
}

/** A redirect is never followed; one within the upstream becomes one within the gateway. */
function ownLocation(location: string, { upstream }: AnswerContext): string {
  const target = URL.parse(location, upstream.origin)
  if (target === null || target.origin !== upstream.origin) {
    throw new Problem('upstream/bad-response', `${upstream.title} redirected to somewhere else.`)
  }
  return `/${upstream.provider}${target.pathname}${target.search}`
}

function repeated(name: string, { upstream }: AnswerContext): Problem {
  return new Problem('upstream/bad-response', `${upstream.title} sent ${name} more than once.`)
}
