/**
 * Stage 2: who calls.
 *
 * Owns the decision whose request this is. Each configured identity source is asked in turn and
 * answers: a principal, "not mine" (null), or a problem (mine, and bad). Does not decide what the
 * principal may do. Called by the gateway for every request of a storefront.
 */
import type { Arrival } from '../downstream/accept.ts'
import { Problem } from '../problem.ts'
import type { Channel } from '../provider.ts'
import type { Principal } from './principal.ts'
import { readProofs } from './proofs.ts'
import type { Proofs } from './proofs.ts'

/**
 * One way to prove who calls. Returns null where the material is not its own, throws `identity/*`
 * where it is and does not hold. Returns a promise only where it must wait.
 */
export type Identifier = (
  proofs: Proofs,
  arrival: Arrival,
) => Principal | null | Promise<Principal | null>

export type Identify = (arrival: Arrival) => Principal | Promise<Principal>

/** Asks the sources in the order of the configuration. */
export function createIdentify(identifiers: readonly Identifier[]): Identify {
  return (arrival) => {
    const proofs = readProofs(arrival.headers)
    const anonymous: Principal = { kind: 'anonymous', channel: channelOf(arrival.headers) }
    if (proofs.bearer === null && proofs.keys.length === 0) return anonymous
    return ask(identifiers, proofs, arrival, anonymous)
  }
}

async function ask(
  identifiers: readonly Identifier[],
  proofs: Proofs,
  arrival: Arrival,
  anonymous: Principal,
): Promise<Principal> {
  const found: Principal[] = []
  for (const identifier of identifiers) {
    const principal = await identifier(proofs, arrival)
    if (principal !== null) found.push(principal)
  }
  const [principal, ...others] = found
  if (principal === undefined) return unproven(proofs, anonymous)
  if (others.some((other) => !isSame(principal, other))) {
    throw new Problem('identity/invalid', 'The call carries proofs of two different callers.')
  }
  return principal
}

/** A bearer that nobody knows is refused; a key header may be a widget's placeholder. */
function unproven(proofs: Proofs, anonymous: Principal): Principal {
  if (proofs.bearer === null) return anonymous
  throw new Problem('identity/invalid', 'The bearer token is not known here.')
}

function isSame(one: Principal, other: Principal): boolean {
  if (one.kind === 'service' && other.kind === 'service') return one.id === other.id
  if (one.kind === 'customer' && other.kind === 'customer') return one.customer === other.customer
  return false
}

/** Browsers say where a call comes from; an app's HTTP stack says nothing. */
export function channelOf(headers: Arrival['headers']): Channel {
  return headers['origin'] !== undefined || headers['sec-fetch-site'] !== undefined
    ? 'browser'
    : 'app'
}
