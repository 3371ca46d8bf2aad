/**
 * Stage 3: may they.
 *
 * Owns the decision whether this caller may use this route: origin, channel, scope, subject. It
 * reads route data and principal and nothing else, so the same code answers live traffic and the
 * question why. Whose ids the call may carry is `ownership.ts`. Called by the gateway once the
 * caller is known.
 */
import type { Arrival } from '../downstream/accept.ts'
import type { Principal } from '../identity/principal.ts'
import { Problem } from '../problem.ts'
import type { Callers } from '../provider.ts'
import { checkOrigin } from './origin.ts'

export interface Question {
  readonly arrival: Arrival
  readonly principal: Principal
  readonly callers: Callers
  /** The storefront has opened this change to shoppers. */
  readonly isWriteAllowed: boolean
  readonly origins: ReadonlySet<string>
}

/** Returns when the call may go on; throws the `policy/*` or `identity/missing` problem otherwise. */
export function decide({ arrival, principal, callers, isWriteAllowed, origins }: Question): void {
  checkOrigin(arrival, origins)
  if (principal.kind === 'service') return decideService(arrival, principal.scopes, callers)
  if (callers.anonymous === true) return
  if (callers.browser === true && arrival.headers['origin'] !== undefined) return
  if (principal.kind === 'customer') return decideCustomer(callers, isWriteAllowed)
  if (callers.customer === 'read' || callers.customer === 'write') {
    throw new Problem('policy/subject-required', 'Log in to use this.')
  }
  throw new Problem('identity/missing', 'This call is for the shop’s own servers.')
}

function decideService(arrival: Arrival, scopes: ReadonlySet<string>, callers: Callers): void {
  // Only a browser sends it: then the key is in a page, where everybody can read it.
  if (arrival.headers['sec-fetch-site'] !== undefined) {
    throw new Problem('policy/channel-not-allowed', 'A service key must not be used in a browser.')
  }
  if (callers.anonymous === true) return
  if (callers.service === undefined) {
    throw new Problem('policy/channel-not-allowed', 'This call is for shoppers.')
  }
  if (!scopes.has(callers.service)) {
    throw new Problem('policy/scope-missing', `The service key needs the scope ${callers.service}.`)
  }
}

function decideCustomer(callers: Callers, isWriteAllowed: boolean): void {
  if (callers.customer === 'read' || (callers.customer === 'write' && isWriteAllowed)) return
  if (callers.customer !== undefined) {
    throw new Problem('policy/write-not-allowed', 'Shoppers may not make this change.')
  }
  throw new Problem('policy/channel-not-allowed', 'This call is for the shop’s own servers.')
}
