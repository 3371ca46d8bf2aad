import { Problem } from '../problem.ts'
import type { Arrival } from '../downstream/accept.ts'

/**
 * A page may call only from a listed origin, compared byte for byte: no case folding, no suffixes,
 * no default ports. Without `Origin` the page in `Referer` counts, where there is one; pages on the
 * gateway's own host need no listing then, since a browser sends them no `Origin`.
 *
 * Throws `policy/origin-mismatch`.
 */
export function checkOrigin(arrival: Arrival, origins: ReadonlySet<string>): void {
  const { origin, referer } = arrival.headers
  if (origin !== undefined) {
    if (!origins.has(origin)) throw mismatch()
    return
  }
  if (referer !== undefined && !isOwnPage(referer, arrival.host, origins)) throw mismatch()
}

/**
 * A change whose proof the browser or the platform attached by itself must come from a page of the
 * shop: with `Origin`, which `checkOrigin` has held against the list, or from the gateway's own
 * origin. A foreign page can make neither up (threats T25).
 *
 * Throws `policy/origin-mismatch`.
 */
export function checkCrossSite({ method, headers }: Arrival): void {
  if (method === 'GET' || method === 'HEAD') return
  if (headers['origin'] !== undefined || headers['sec-fetch-site'] === 'same-origin') return
  throw new Problem(
    'policy/origin-mismatch',
    'A change that a cookie or the platform vouches for must come from a page of the shop.',
  )
}

function isOwnPage(referer: string, host: string, origins: ReadonlySet<string>): boolean {
  const page = URL.parse(referer)
  return page !== null && (origins.has(originOf(page)) || page.hostname === host)
}

/** URL gives `null` as the origin of schemes such as `capacitor:`. */
function originOf(page: URL): string {
  return page.origin === 'null' ? `${page.protocol}//${page.host}` : page.origin
}

function mismatch(): Problem {
  return new Problem('policy/origin-mismatch', 'This page is not registered for the storefront.')
}
