import { hash } from 'node:crypto'
import { Problem } from '../problem.ts'
import type { Identifier } from './identify.ts'
import type { ServicePrincipal } from './principal.ts'

export interface ServiceKey {
  readonly id: string
  /** Lower-case hex of SHA-256 over the key: the configuration never holds the key itself. */
  readonly sha256: string
  readonly scopes: readonly string[]
}

/**
 * Identifies the shop's own servers by a key, as a bearer or in the header that a provider's own
 * plugin uses. Keys are looked up by hash, so a comparison tells nothing about a near miss. What
 * it does not know is not its own: it may be a session, or a widget's placeholder. Two keys must
 * be the same one.
 */
export function createServiceKeyIdentifier(keys: readonly ServiceKey[]): Identifier {
  const byBearer = new Map(keys.map((key) => [key.sha256, toPrincipal(key, { isBearer: true })]))
  const byHeader = new Map(keys.map((key) => [key.sha256, toPrincipal(key, {})]))

  return ({ bearer, keys }) => {
    const proven = bearer === null ? null : (byBearer.get(bearer.digest) ?? null)
    if (keys.length === 0) return proven
    const found = [proven, ...keys.map((key) => byHeader.get(hash('sha256', key, 'hex')) ?? null)]
    const known = found.filter((principal) => principal !== null)
    const [first = null, ...others] = known
    if (others.some(({ id }) => id !== first?.id)) {
      throw new Problem('identity/invalid', 'The call carries two different service keys.')
    }
    return first
  }
}

function toPrincipal({ id, scopes }: ServiceKey, proof: { isBearer?: true }): ServicePrincipal {
  return { kind: 'service', channel: 'server', id, scopes: new Set(scopes), ...proof }
}
