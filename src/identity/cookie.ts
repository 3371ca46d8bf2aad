import { Problem } from '../problem.ts'

/**
 * The cookie that carries a gateway session. The prefix makes browsers keep it to this host and to
 * https, so that no other page of the domain can set it (RFC 6265bis §4.1.3).
 */
export const SESSION_COOKIE = '__Host-gatehouse'

/**
 * The value of a cookie as it came; null where it is not there, or empty. Two of one name would be
 * read differently by different parties, so they throw `identity/invalid`.
 */
export function readCookie(header: string | undefined, name: string): string | null {
  if (header === undefined || !header.includes(name)) return null
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  if (values.length > 1) {
    throw new Problem('identity/invalid', 'The same cookie came more than once.')
  }
  return values[0] === undefined || values[0] === '' ? null : values[0]
}

/** `Set-Cookie` for a session. @param lifetime milliseconds */
export function sessionCookie(token: string, lifetime: number): string {
  return `${SESSION_COOKIE}=${token}; Max-Age=${Math.floor(lifetime / 1000)}; ${attributes}; HttpOnly`
}

/** `Set-Cookie` that ends a cookie of this host. */
export function clearedCookie(name: string): string {
  return `${name}=; Max-Age=0; ${attributes}${name === SESSION_COOKIE ? '; HttpOnly' : ''}`
}

const attributes = 'Path=/; Secure; SameSite=Lax'
