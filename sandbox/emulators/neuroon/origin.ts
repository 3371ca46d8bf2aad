import type { Call } from '../call.ts'

/** Any subdomain and any port of these may call for every shop. */
const trusted = ['neuroon.ai', 'localhost', '127.0.0.1']

/**
 * Whether a page may call for the shop. A call without Origin and Referer comes from no page and is
 * fine; what is present has to be trusted or the shop's own.
 */
export function isOriginAllowed(call: Call, shopUrl: string): boolean {
  const origin = call.headers['origin'] ?? call.headers['referer']
  if (origin === undefined) return true
  if (!URL.canParse(origin)) return false

  const { hostname } = new URL(origin)
  const isTrusted = trusted.some((name) => hostname === name || hostname.endsWith(`.${name}`))
  return isTrusted || isSameDomain(origin, shopUrl)
}

/** Neuroon compares domains without scheme, `www.` and trailing slash. */
export function isSameDomain(one: string, other: string): boolean {
  const domain = domainOf(one)
  return domain !== null && domain === domainOf(other)
}

function domainOf(url: string): string | null {
  const withScheme = /^[a-z]+:\/\//i.test(url) ? url : `https://${url}`
  if (!URL.canParse(withScheme)) return null
  const { host } = new URL(withScheme)
  return host === '' ? null : host.replace(/^www\./, '')
}
