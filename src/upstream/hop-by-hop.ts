// What nearly everybody sends, and nominates nothing.
const PLAIN = /^(?:keep-alive|close)$/i

/**
 * The header names that a `Connection` header declares to be for this hop alone (RFC 9110 §7.6.1):
 * they are not passed on. Null where there are none. Decided before credentials are added, which
 * no caller can take off this way.
 */
export function nominated(connection: string | undefined): ReadonlySet<string> | null {
  if (connection === undefined || PLAIN.test(connection)) return null
  return new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
}
