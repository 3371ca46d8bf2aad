import { isIP } from 'node:net'
import { z } from 'zod'

/** Labels of letters, digits and inner dashes; at most 253 characters, no trailing dot. */
export const hostName =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

/** A `Host` that a storefront is served on. */
export const hostSchema = z
  .string()
  .refine(
    (host) => host === '*' || hostName.test(host),
    "must be a lower-case host name without scheme, port or path, or '*' for the only storefront",
  )

/** Where a listener binds. */
export const bindAddressSchema = z
  .string()
  .refine(
    (host) => isIP(host) !== 0 || hostName.test(host),
    'must be an IP address or a host name, without a port',
  )

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
