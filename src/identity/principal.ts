import type { Channel } from '../provider.ts'

/** A caller, proven or known to be nobody in particular. */
export type Principal = AnonymousPrincipal | CustomerPrincipal | ServicePrincipal

export interface AnonymousPrincipal {
  readonly kind: 'anonymous'
  readonly channel: Channel
}

export interface CustomerPrincipal {
  readonly kind: 'customer'
  readonly channel: Channel
  /** Canonical customer id. */
  readonly customer: string
  /** Epoch milliseconds at which the proof ends. */
  readonly expiresAt: number
  /** The id of a gateway session, which can be ended by itself; null for other proofs. */
  readonly session: string | null
}

export interface ServicePrincipal {
  readonly kind: 'service'
  readonly channel: 'server'
  readonly id: string
  readonly scopes: ReadonlySet<string>
}

/** On whose behalf the call is made: canonical customer id, or null for nobody's. */
export function subjectOf(principal: Principal): string | null {
  return principal.kind === 'customer' ? principal.customer : null
}
