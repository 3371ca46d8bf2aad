import type { Arrival } from '../downstream/accept.ts'
import { Problem } from '../problem.ts'
import type { Headers, Upstream } from '../provider.ts'
import { nominated } from './hop-by-hop.ts'

/**
 * What of the caller's headers goes upstream: these, and nothing else. Hop-by-hop fields, forwarded
 * fields, forged credentials and underscore aliases are gone because they are not on the list.
 */
const PASSED = [
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
]

const VISIBLE_ASCII = /^[\x20-\x7e\t]*$/

/** The header lines of an upstream call as undici takes them: name, value, name, value. */
export function requestHeaders(
  arrival: Arrival,
  upstream: Upstream,
  credential: readonly Headers[],
  via: string,
): string[] {
  const { headers } = arrival
  const lines: string[] = ['via', appended(headers['via'], via)]
  const hopByHop = nominated(headers['connection'])
  pass(lines, headers, PASSED, hopByHop)
  pass(lines, headers, upstream.passHeaders, hopByHop)
  for (const [name, value] of upstream.headers) lines.push(name, value)
  // Credentials come last: nothing that came before can take their place.
  for (const part of credential) for (const [name, value] of part) lines.push(name, value)
  return lines
}

/** RFC 9110 §7.6.3: whoever the message has come through stays named. */
function appended(received: string | undefined, via: string): string {
  return received === undefined ? via : `${visible('via', received)}, ${via}`
}

function pass(
  lines: string[],
  headers: Arrival['headers'],
  names: readonly string[],
  hopByHop: ReadonlySet<string> | null,
): void {
  for (const name of names) {
    const value = headers[name]
    if (value === undefined || hopByHop?.has(name) === true) continue
    lines.push(name, visible(name, value))
  }
}

function visible(name: string, value: string): string {
  if (VISIBLE_ASCII.test(value)) return value
  throw new Problem('downstream/malformed', `The header ${name} holds odd characters.`)
}

/** The caller's values of the headers that a provider understands, checked, defaults filled in. */
export function readCallerHeaders(arrival: Arrival, upstream: Upstream): Record<string, string> {
  const read: Record<string, string> = {}
  for (const [name, { values, default: fallback }] of Object.entries(upstream.callerHeaders)) {
    const value = arrival.headers[name] ?? fallback
    if (!values.includes(value)) {
      throw new Problem('downstream/malformed', `${name} must be ${values.join(' or ')}.`)
    }
    read[name] = value
  }
  return read
}
