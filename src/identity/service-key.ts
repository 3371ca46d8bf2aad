import { hash } from 'node:crypto'
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
 * it does not know is not its own: it may be a session, or a widget's placeholder.
 */
export function createServiceKeyIdentifier(keys: readonly ServiceKey[]): Identifier {
  const principals = new Map(keys.map((key) => [key.sha256, toPrincipal(key)]))
  const find = (value: string) => principals.get(hash('sha256', value, 'hex')) ?? null

  return ({ bearer, keys }) => {
    const byBearer = bearer === null ? null : find(bearer)
    return byBearer ?? keys.map(find).find((principal) => principal !== null) ?? null
  }
}

function toPrincipal({ id, scopes }: ServiceKey): ServicePrincipal {
  return { kind: 'service', channel: 'server', id, scopes: new Set(scopes) }
}
