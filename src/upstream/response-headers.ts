import type { IncomingHttpHeaders } from 'node:http'
import { Problem } from '../problem.ts'
import type { Headers, Upstream } from '../provider.ts'

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
export function responseHeaders(headers: IncomingHttpHeaders, context: AnswerContext): string[] {
  const lines: string[] = ['x-request-id', context.requestId, 'via', context.via]
  for (const name of PASSED) {
    const value = headers[name]
    if (value === undefined) continue
    if (typeof value !== 'string') throw repeated(name, context)
    lines.push(name, value)
  }
  const location = headers['location']
  if (location !== undefined) lines.push('location', ownLocation(location, context))
  const cacheControl = context.isPrivate ? 'private, no-store' : headers['cache-control']
  if (cacheControl !== undefined) lines.push('cache-control', cacheControl)
  for (const [name, value] of context.cors) {
    lines.push(name, name === 'vary' ? varied(headers['vary'], value) : value)
  }
  lines.push('x-content-type-options', 'nosniff')
  return lines
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
