import type { Arrival } from '../downstream/accept.ts'
import { Problem } from '../problem.ts'
import type { Headers } from '../provider.ts'

const ALLOWED_HEADERS =
  'authorization, content-type, accept-language, x-source, x-widget-token, x-apikey'
const EXPOSED_HEADERS = 'Retry-After, RateLimit, RateLimit-Policy, X-Request-Id'
const ONE_HOUR = '3600'

/** Every answer depends on Origin, also one that carries no CORS headers (RFC 9110 §12.5.5). */
const VARY: Headers = [['vary', 'Origin']]

/** The CORS headers of a storefront, one prepared list for each listed origin. */
export interface Cors {
  headers(arrival: Pick<Arrival, 'headers'>): Headers
}

export function createCors(origins: ReadonlySet<string>): Cors {
  const prepared = new Map([...origins].map((origin) => [origin, headersFor(origin)]))
  return {
    headers: ({ headers }) => {
      const { origin } = headers
      return origin === undefined ? VARY : (prepared.get(origin) ?? VARY)
    },
  }
}

function headersFor(origin: string): Headers {
  return [
    ...VARY,
    ['access-control-allow-origin', origin],
    ['access-control-allow-credentials', 'true'],
    ['access-control-expose-headers', EXPOSED_HEADERS],
  ]
}

/** A preflight is a question of the browser's, not a call: it carries no identity. */
export function isPreflight({ method, headers }: Arrival): boolean {
  return (
    method === 'OPTIONS' &&
    headers['origin'] !== undefined &&
    headers['access-control-request-method'] !== undefined
  )
}

/**
 * The headers that answer a preflight. Throws `policy/origin-mismatch` for a page that is not
 * listed and `policy/method-not-allowed` for a method that the path does not take.
 */
export function preflightHeaders(
  arrival: Arrival,
  cors: Headers,
  methods: readonly string[],
): Headers {
  if (!cors.some(([name]) => name === 'access-control-allow-origin')) {
    throw new Problem('policy/origin-mismatch', 'This page is not registered for the storefront.')
  }
  const asked = arrival.headers['access-control-request-method'] ?? ''
  // HEAD is GET without a body; a browser asks before it, too, when the call has a proof on it.
  if (!methods.includes(asked === 'HEAD' ? 'GET' : asked)) {
    throw new Problem('policy/method-not-allowed', 'The route does not take this method.', {
      allow: methods,
    })
  }
  return [
    ...cors,
    ['access-control-allow-methods', methods.join(', ')],
    ['access-control-allow-headers', ALLOWED_HEADERS],
    ['access-control-max-age', ONE_HOUR],
  ]
}
