import { joinHeaders } from './received.ts'

/** A request as the handlers of an emulator read it. */
export interface Call {
  readonly method: string
  /** The request target as it was sent. */
  readonly target: string
  /** The path as the most lenient upstream would read it: see {@link readTarget}. */
  readonly path: string
  readonly query: URLSearchParams
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
  /** The address the connection came from, IPv4 in its plain form. */
  readonly address: string
}

/** What to answer. An object is sent as JSON; no body at all goes with 204. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: AnswerBody
}

/** A function is called for each answer and gives its pieces, so that slow streams can be shown. */
export type AnswerBody = string | Uint8Array | object | (() => AsyncIterable<string | Uint8Array>)

/**
 * Reads a target the way a lenient upstream does: `..`, `%2e%2e`, `\` and an absolute form are all
 * resolved. A traversal that slips through a gateway then reaches the privileged route here, where
 * a test sees it, instead of a harmless 404. Null when nothing can be made of it.
 */
export function readTarget(target: string): { path: string; query: URLSearchParams } | null {
  const absolute = target.startsWith('/') ? `http://emulator${target}` : target
  if (!URL.canParse(absolute)) return null
  const url = new URL(absolute)
  return { path: url.pathname, query: url.searchParams }
}

/** Null when the target cannot be read. */
export function readCall(
  request: {
    readonly method: string
    readonly target: string
    readonly rawHeaders: readonly string[]
    readonly address: string
  },
  bytes: Buffer,
): Call | null {
  const read = readTarget(request.target)
  if (read === null) return null
  return {
    ...request,
    ...read,
    headers: joinHeaders(request.rawHeaders),
    bytes,
    address: request.address.replace(/^::ffff:/, ''),
  }
}

/** Every text of a call in which a secret could hide, with the name of the place. */
export function placesIn(call: Call): { place: string; text: string }[] {
  const places = [
    { place: 'target', text: call.target },
    { place: 'body', text: call.bytes.toString('latin1') },
  ]
  for (let i = 0; i + 1 < call.rawHeaders.length; i += 2) {
    const name = call.rawHeaders[i] ?? ''
    places.push({ place: `header ${name.toLowerCase()}`, text: call.rawHeaders[i + 1] ?? '' })
    places.push({ place: 'a header name', text: name })
  }
  return places
}

/** Whether the text holds the secret as it is, percent-encoded, in base64 or in hex. */
export function holds(text: string, secret: string): boolean {
  if (secret === '') return false
  const bytes = Buffer.from(secret)
  return (
    text.includes(secret) ||
    unescaped(text).includes(secret) ||
    text.includes(bytes.toString('base64').replace(/=+$/, '')) ||
    text.includes(bytes.toString('base64url')) ||
    text.includes(bytes.toString('hex'))
  )
}

/** Percent-encoding taken off, byte by byte; what is not an escape stays. */
export function unescaped(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
