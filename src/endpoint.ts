import type { Arrival } from './downstream/accept.ts'
import type { Principal } from './identity/principal.ts'
import type { Limiter } from './policy/limits.ts'
import type { Callers, Headers, Method } from './provider.ts'

/**
 * A route that the gateway answers itself. It passes the same stages as a proxied one up to the
 * decision, and then answers instead of forwarding.
 */
export interface OwnEndpoint {
  readonly method: Method
  /** At the root of the gateway. */
  readonly path: string
  readonly callers: Callers
  /** Calls per caller address. */
  readonly limiter: Limiter | null
  answer(call: OwnCall): OwnAnswer | Promise<OwnAnswer>
}

export interface OwnCall {
  readonly arrival: Arrival
  readonly principal: Principal
  /** The parsed JSON body; undefined where there is none. */
  readonly body: unknown
}

export interface OwnAnswer {
  readonly status: number
  /** JSON; null for an answer without content. */
  readonly body: object | null
  /** Beside those that every answer has. */
  readonly headers?: Headers
}
