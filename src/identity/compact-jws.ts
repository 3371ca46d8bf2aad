/** A token in JWS compact form, taken apart and not yet verified. */
export interface CompactJws {
  readonly header: JwsHeader
  /** The payload as text. */
  readonly payload: string
}

export interface JwsHeader {
  readonly alg: string
  readonly typ: string | null
  readonly kid: string | null
}

const MAX_LENGTH = 8192
// RFC 7515 §3.1: three parts of base64url, nothing around them.
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/
/** Keys that come with the token, and extensions that nobody here understands (threats T21). */
const REFUSED = ['jku', 'jwk', 'x5u', 'crit', 'b64']

/**
 * Reads a token strictly; null for anything else. One token has one spelling: spaces, padding and
 * base64url with stray bits are not read, so that what is remembered by its text is one thing.
 */
export function readCompactJws(token: string): CompactJws | null {
  if (token.length > MAX_LENGTH) return null
  const parts = COMPACT.exec(token)
  if (parts === null) return null
  const [, header = '', payload = '', signature = ''] = parts
  if (![header, payload, signature].every(isCanonicalBase64url)) return null
  const read = readHeader(header)
  return read === null
    ? null
    : { header: read, payload: Buffer.from(payload, 'base64url').toString('utf8') }
}

/** A JSON object, or null. */
export function readClaims(payload: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(payload)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function readHeader(part: string): JwsHeader | null {
  const header = readClaims(Buffer.from(part, 'base64url').toString('utf8'))
  if (header === null || REFUSED.some((name) => Object.hasOwn(header, name))) return null
  const { alg, typ = null, kid = null } = header
  if (typeof alg !== 'string' || !isText(typ) || !isText(kid)) return null
  return { alg, typ, kid }
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** RFC 4648 §3.5: the unused bits of the last character are zero, and nothing is left over. */
function isCanonicalBase64url(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part
}
