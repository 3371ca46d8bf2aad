import { Problem } from '../problem.ts'
import type { Binding, Route, Upstream } from '../provider.ts'
import { isPersonal, malformed, refusePerson, somebodyElse } from './named-people.ts'

/** One query parameter. */
export interface Parameter {
  readonly name: string
  /** As it came, undecoded. */
  readonly raw: string
  readonly value: string
}

/** What a shopper's query may be filled with: an own id, or null where it is not known. */
export type OwnId = (binding: Binding) => string | null

/**
 * Reads a query of which no two readers can think differently. Throws `downstream/malformed`, and
 * `policy/subject-mismatch` for a name that means a person where the route does not take it.
 */
export function readParameters(
  { route, query }: { readonly route: Route; readonly query: string },
  upstream: Upstream,
): readonly Parameter[] {
  if (query === '') return []
  if (query.includes(';')) throw malformed('The query may not hold a semicolon.')
  const parameters = query.split('&').map(readParameter)
  const seen = new Set<string>()
  for (const { name } of parameters) {
    if (seen.has(name) && route.query !== 'any') throw malformed('A parameter is there twice.')
    seen.add(name)
    checkName(name, route, upstream)
  }
  return parameters
}

/** Customer ids are known from the start; account ids wait until the account is. */
export function checkCustomerIds(
  route: Route,
  parameters: readonly Parameter[],
  subject: string,
  upstream: Upstream,
): void {
  for (const { name, value } of parameters) {
    if (queryBinding(route, name)?.to !== 'customer') continue
    if (upstream.canonicalCustomer(value) !== subject) throw somebodyElse()
  }
}

/** The parameter to send: as it came, or with the shopper's own id in the upstream's spelling. */
export function writeParameter(
  { name, raw, value }: Parameter,
  route: Route,
  account: string | null,
  own: OwnId,
): string {
  const binding = queryBinding(route, name)
  if (binding === undefined) return raw
  if (binding.to === 'account' && value !== account) throw somebodyElse()
  const id = own(binding)
  return id === null || id === value ? raw : `${name}=${encodeURIComponent(id)}`
}

/** The first own id that is known, where the caller named nobody. */
export function missingParameter(route: Route, own: OwnId): string[] {
  for (const binding of route.bind) {
    if (binding.in !== 'query' || binding.fill !== true) continue
    const id = own(binding)
    if (id !== null) return [`${binding.name}=${encodeURIComponent(id)}`]
  }
  return []
}

export function queryBinding(route: Route, name: string): Binding | undefined {
  return route.bind.find((binding) => binding.in === 'query' && binding.name === name)
}

// One spelling for each name: no encoding, no brackets, no pluses.
const PARAMETER = /^([A-Za-z][A-Za-z0-9_.-]{0,63})(?:=([^=]*))?$/

function readParameter(raw: string): Parameter {
  const parts = PARAMETER.exec(raw)
  if (parts === null) throw malformed('A query parameter has an odd form.')
  const [, name = '', value = ''] = parts
  return { name, raw, value: decode(value) }
}

function decode(value: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    throw malformed('A query parameter is not UTF-8.')
  }
}

function checkName(name: string, route: Route, upstream: Upstream): void {
  if (route.query !== 'any' && route.query.includes(name)) return
  if (isPersonal(name, upstream)) refusePerson(name)
  if (route.query !== 'any') {
    throw new Problem('downstream/malformed', `The route does not take the parameter ${name}.`)
  }
}
