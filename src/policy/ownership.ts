/**
 * Whose ids a call carries, and whose it may: customer and account ids in path and query are the
 * verified shopper's or the call is refused, and a missing own id is filled in where the route
 * takes one. Works on route data alone. Queries are read in `ownership-query.ts`, bodies in
 * `ownership-body.ts`.
 */
import type { Principal } from '../identity/principal.ts'
import { subjectOf } from '../identity/principal.ts'
import { Problem } from '../problem.ts'
import type { Binding, Route, Upstream } from '../provider.ts'
import { somebodyElse } from './named-people.ts'
import {
  checkCustomerIds,
  missingParameter,
  queryBinding,
  readParameters,
  writeParameter,
} from './ownership-query.ts'
import type { Parameter } from './ownership-query.ts'

export interface Claimed {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
  /** The upstream path that matched, and the query as it came. */
  readonly path: string
  readonly query: string
}

/** A call whose customer ids have been checked; account ids wait until the account is known. */
export interface Owned {
  /** Path and query to send, given the account (null where it is not known). */
  readonly target: (account: string | null) => string
}

/**
 * Checks everything that can be checked before a credential exists. Throws
 * `policy/subject-mismatch` for somebody else's id and `downstream/malformed` for a call that two
 * readers could understand differently.
 */
export function checkOwnership(claimed: Claimed, principal: Principal, upstream: Upstream): Owned {
  checkFixed(claimed, upstream)
  const subject = subjectOf(principal)
  if (subject === null) refuseSelf(claimed)
  const isShopsOwn = principal.kind === 'service' && subject === null
  if (isShopsOwn || !concernsSomebody(claimed.route, upstream)) return asItCame(claimed)
  const parameters = readParameters(claimed, upstream)
  if (subject === null || claimed.route.bind.length === 0) return asItCame(claimed)
  checkCustomerIds(claimed.route, parameters, subject, upstream)
  return { target: (account) => bind(claimed, parameters, subject, account, upstream) }
}

function asItCame({ path, query }: Claimed): Owned {
  const target = query === '' ? path : `${path}?${query}`
  return { target: () => target }
}

/** Ids that the configuration fixes, such as which shop: the caller may only repeat them. */
function checkFixed({ route, params }: Claimed, upstream: Upstream): void {
  for (const binding of route.bind) {
    if (binding.to !== 'fixed' || params[binding.name] === upstream.fixed[binding.name]) continue
    throw new Problem('policy/subject-mismatch', 'The path names another shop’s data.')
  }
}

/** `me` without a shopper would reach the upstream as somebody's id. */
function refuseSelf({ route, params }: Claimed): void {
  for (const { self, name } of route.bind) {
    if (self === undefined || params[name] !== self) continue
    throw new Problem('policy/subject-required', `Only a shopper can be called ${self}.`)
  }
}

/** Search calls name nobody; parsing their free text would only refuse good queries. */
function concernsSomebody(route: Route, upstream: Upstream): boolean {
  return route.query !== 'any' || upstream.personal.length > 0
}

/** The target with the shopper's own ids in it. Bytes that need no change pass unchanged. */
function bind(
  claimed: Claimed,
  parameters: readonly Parameter[],
  subject: string,
  account: string | null,
  upstream: Upstream,
): string {
  const { route } = claimed
  const own = (binding: Binding) =>
    binding.to === 'customer' ? upstream.wireCustomer(subject) : account
  const written = parameters.map((parameter) => writeParameter(parameter, route, account, own))
  const path = bindPath(claimed, account)
  const isNamed =
    parameters.some(({ name }) => queryBinding(route, name) !== undefined) ||
    (account !== null && route.bind.some((binding) => binding.in === 'path'))
  if (!isNamed) written.push(...missingParameter(route, own))
  return written.length === 0 ? path : `${path}?${written.join('&')}`
}

function bindPath({ route, params, path }: Claimed, account: string | null): string {
  const binding = route.bind.find((binding) => binding.in === 'path' && binding.to === 'account')
  if (binding === undefined) return path
  const sent = params[binding.name]
  if (sent !== binding.self && sent !== account) throw somebodyElse()
  const id = account ?? binding.unknown?.()
  if (id === undefined) throw somebodyElse()
  return route.path.replace(`:${binding.name}`, encodeURIComponent(id))
}
