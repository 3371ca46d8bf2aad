/**
 * Stage 3: may they.
 *
 * Owns the decision whether this caller may use this route: origin, channel, scope, subject. It
 * reads route data and principal and nothing else, so the same code answers live traffic and the
 * question why. Whose ids the call may carry is `ownership.ts`. Called by the gateway once the
 * caller is known.
 */
import type { Arrival } from '../downstream/accept.ts'
import type { AnonymousPrincipal, Principal, ServicePrincipal } from '../identity/principal.ts'
import { SESSION_SCOPE } from '../identity/session-endpoints.ts'
import { Problem } from '../problem.ts'
import type { Callers } from '../provider.ts'
import { checkCrossSite, checkOrigin } from './origin.ts'

export interface Question {
  readonly arrival: Arrival
  readonly principal: Principal
  readonly callers: Callers
  /** The storefront has opened this change to shoppers. */
  readonly isWriteAllowed: boolean
  readonly origins: ReadonlySet<string>
}

/** Returns when the call may go on; throws the `policy/*` or `identity/*` problem otherwise. */
export function decide({ arrival, principal, callers, isWriteAllowed, origins }: Question): void {
  checkOrigin(arrival, origins)
  if (principal.isAmbient === true) checkCrossSite(arrival)
  if (principal.kind === 'service') decideService(arrival, principal, callers)
  else if (!isOpen(arrival, callers)) decideShopper(principal, callers, isWriteAllowed)
  else if (principal.kind === 'anonymous') refuseWrongCookie(principal)
  if (callers.channels?.includes(principal.channel) === false) {
    throw new Problem('policy/channel-not-allowed', 'The call is not for this kind of caller.')
  }
}

/** Nobody in particular is needed. */
function isOpen({ headers }: Arrival, { anonymous, browser }: Callers): boolean {
  return anonymous === true || (browser === true && headers['origin'] !== undefined)
}

/** A cookie that has only ended must not stop what nobody needs a cookie for. */
function refuseWrongCookie({ refusal }: AnonymousPrincipal): void {
  if (refusal !== undefined && refusal.code !== 'identity/expired') throw refusal
}

function decideShopper(
  principal: Exclude<Principal, ServicePrincipal>,
  callers: Callers,
  isWriteAllowed: boolean,
): void {
  if (principal.kind === 'customer') return decideCustomer(callers, isWriteAllowed)
  if (principal.refusal !== undefined) throw principal.refusal
  if (callers.customer === 'read' || callers.customer === 'write') {
    throw new Problem('policy/subject-required', 'Log in to use this.')
  }
  throw new Problem('identity/missing', 'This call is for the shop’s own servers.')
}

function decideService(arrival: Arrival, principal: ServicePrincipal, callers: Callers): void {
  // Only a browser sends it: then the key is in a page, where everybody can read it.
  if (arrival.headers['sec-fetch-site'] !== undefined) {
    throw new Problem('policy/channel-not-allowed', 'A service key must not be used in a browser.')
  }
  if (principal.customer !== undefined) decideActing(principal, callers)
  if (callers.anonymous === true) return
  if (callers.service === undefined) {
    throw new Problem('policy/channel-not-allowed', 'This call is for shoppers.')
  }
  needScope(principal, callers.service)
}

/** Whoever acts for a shopper has that shopper's rights, and needs the right to do so besides. */
function decideActing(principal: ServicePrincipal, callers: Callers): void {
  needScope(principal, SESSION_SCOPE)
  if (callers.customer !== 'never') return
  throw new Problem('policy/write-not-allowed', 'No shopper may make this change.')
}

function needScope({ scopes }: ServicePrincipal, scope: string): void {
  if (scopes.has(scope)) return
  throw new Problem('policy/scope-missing', `The service key needs the scope ${scope}.`)
}

function decideCustomer(callers: Callers, isWriteAllowed: boolean): void {
  if (callers.customer === 'read' || (callers.customer === 'write' && isWriteAllowed)) return
  if (callers.customer !== undefined) {
    throw new Problem('policy/write-not-allowed', 'Shoppers may not make this change.')
  }
  throw new Problem('policy/channel-not-allowed', 'This call is for the shop’s own servers.')
}
