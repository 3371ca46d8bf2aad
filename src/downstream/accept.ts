/**
 * Stage 1: a request arrives.
 *
 * Owns what can be said about a request before anybody asks whose it is: that it is well formed
 * and unambiguous, where it wants to go and from which address it comes. Refuses everything that
 * two parties might read differently. Knows no storefront, caller or provider. Called by the
 * server for every request, before any routing.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { ListenLimits } from '../config/config.ts'
import { Problem } from '../problem.ts'
import type { CallerAddress } from './caller-address.ts'
import { readTarget } from './target.ts'

/** One request as the later stages see it. Header names are lower case, values as they came. */
export interface Arrival {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly query: string
  /** Lower case, without port. */
  readonly host: string
  readonly headers: Readonly<Record<string, string>>
  /** The caller's address. */
  readonly address: string
  readonly body: 'none' | 'sized' | 'chunked'
  /** Bytes, for a sized body. */
  readonly contentLength: number
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
// A body on DELETE is for the route to take or refuse.
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS'])

// Sent twice, each of these is read differently by different parties. Names that are neither read
// nor passed on may repeat.
const SINGLE = new Set([
  'host',
  'authorization',
  'cookie',
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'origin',
  'referer',
  'expect',
  'range',
  'if-range',
  'if-modified-since',
  'if-unmodified-since',
  'x-apikey',
  'x-shop-api-key',
  'x-source',
  'x-idempotency-key',
  'x-gatehouse-customer',
  'access-control-request-method',
  'sec-fetch-site',
  'sec-fetch-mode',
])

/** This gateway's name in `Via`: one for each process, so that a loop is told from a chain. */
export const PSEUDONYM = `gatehouse-${randomUUID().slice(0, 8)}`
/** Our entry in the `Via` of an answer, and of a request that came over HTTP/1.1. */
export const VIA = `1.1 ${PSEUDONYM}`

export interface AcceptOptions {
  readonly addressOf: CallerAddress
  readonly limits: ListenLimits
}

/** Reads and checks a request. Throws `downstream/*` problems; sends and keeps nothing. */
export function accept(request: IncomingMessage, { addressOf, limits }: AcceptOptions): Arrival {
  const { method = '' } = request
  if (!METHODS.has(method)) {
    throw new Problem('policy/method-not-allowed', 'The gateway does not take this method.', {
      allow: [...METHODS],
    })
  }
  const { headers, body, contentLength } = checkMessage(request, limits)
  if (headers['via']?.includes(PSEUDONYM) === true) {
    throw new Problem('downstream/loop', 'The call has come back to the gateway that sent it.')
  }
  const authority = readAuthority(headers)
  const target = readTarget(request.url ?? '', authority, limits.targetBytes)
  return {
    id: randomUUID(),
    method,
    path: target.path,
    query: target.query,
    host: hostOf(authority),
    headers,
    address: addressOf(request, headers),
    body,
    contentLength,
  }
}

/** The part of a message that says where the next one begins, and who it is for. */
export type Message = Pick<Arrival, 'headers' | 'body' | 'contentLength'>

/** What holds for every request, health checks included. Throws `downstream/*`. */
export function checkMessage(request: IncomingMessage, limits: ListenLimits): Message {
  const { httpVersion, method = '' } = request
  // Node's parser reads 0.9 and 2.0 in a request line as well.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw new Problem('downstream/malformed', 'The gateway speaks HTTP/1.1.')
  }
  const headers = readHeaders(request.rawHeaders, limits)
  // RFC 9112 §3.2.
  if (headers['host'] === undefined && httpVersion === '1.1') {
    throw new Problem('downstream/malformed', 'A request names its Host.')
  }
  const { expect } = headers
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new Problem('downstream/expectation-failed', 'Only 100-continue is understood.')
  }
  return { headers, ...readFraming(httpVersion, method, headers) }
}

/** The caller's header lines, walked once; lists are joined, singles must be single. */
function readHeaders(
  raw: readonly string[],
  { headerLines, headerBytes }: ListenLimits,
): Record<string, string> {
  if (raw.length > headerLines * 2) throw tooManyHeaders(`There are more than ${headerLines}.`)
  // No prototype: a header named __proto__ or constructor is a header like any other.
  const headers = Object.create(null) as Record<string, string>
  let bytes = 0
  for (let at = 0; at < raw.length; at += 2) {
    const sent = raw[at] ?? ''
    const name = lowerCase.get(sent) ?? sent.toLowerCase()
    const value = raw[at + 1] ?? ''
    bytes += name.length + value.length + LINE_OVERHEAD
    const earlier = headers[name]
    if (earlier !== undefined && SINGLE.has(name)) {
      throw new Problem('downstream/malformed', `The header ${name} may be sent once.`)
    }
    headers[name] = earlier === undefined ? value : `${earlier}, ${value}`
  }
  if (bytes > headerBytes) throw tooManyHeaders(`They are larger than ${headerBytes} bytes.`)
  return headers
}

/**
 * The spellings in which ordinary callers send ordinary names. A lower-case name made anew for each
 * request costs a search among all names there are before it can be a key; these are found ready.
 */
const lowerCase: ReadonlyMap<string, string> = new Map(
  [
    ...SINGLE,
    'accept',
    'accept-encoding',
    'accept-language',
    'access-control-request-headers',
    'cache-control',
    'connection',
    'dnt',
    'forwarded',
    'if-match',
    'if-none-match',
    'keep-alive',
    'pragma',
    'priority',
    'sec-ch-ua',
    'sec-ch-ua-mobile',
    'sec-ch-ua-platform',
    'sec-fetch-dest',
    'sec-fetch-user',
    'sec-gpc',
    'te',
    'upgrade-insecure-requests',
    'user-agent',
    'via',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-real-ip',
    'x-requested-with',
    'x-widget-token',
  ].flatMap((name) => [
    [name, name],
    [name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()), name],
  ]),
)

/** Colon, space and the end of the line. */
const LINE_OVERHEAD = 4

function tooManyHeaders(detail: string): Problem {
  return new Problem('downstream/headers-too-large', detail)
}

const AUTHORITY = /^(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

function readAuthority(headers: Readonly<Record<string, string>>): string {
  const { host } = headers
  if (host === undefined || !AUTHORITY.test(host)) {
    throw new Problem('downstream/malformed', 'Host must be a host name with an optional port.')
  }
  return host
}

/** The host name of an authority, lower case and without its port. */
export function hostOf(authority: string): string {
  return authority.replace(/:\d+$/, '').toLowerCase()
}

/** RFC 9112 §6: the parser has refused what is ambiguous to it; this refuses the rest. */
function readFraming(
  httpVersion: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Pick<Arrival, 'body' | 'contentLength'> {
  const encoding = headers['transfer-encoding']
  const length = headers['content-length']
  if (encoding !== undefined && (encoding.toLowerCase() !== 'chunked' || length !== undefined)) {
    throw new Problem('downstream/malformed', 'The framing of the body is ambiguous.')
  }
  if (encoding !== undefined && httpVersion !== '1.1') {
    throw new Problem('downstream/malformed', 'HTTP/1.0 has no transfer encodings.')
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    throw new Problem('downstream/malformed', 'Content-Length must be a number.')
  }
  const contentLength = Number(length ?? 0)
  const body = encoding !== undefined ? 'chunked' : contentLength > 0 ? 'sized' : 'none'
  if (body !== 'none' && BODILESS.has(method)) {
    throw new Problem('downstream/malformed', `A ${method} request takes no body here.`)
  }
  return { body, contentLength }
}
