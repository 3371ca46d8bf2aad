import type { Problem } from '../problem.ts'
import type { Channel } from '../provider.ts'

/** A caller, proven or known to be nobody in particular. */
export type Principal = AnonymousPrincipal | CustomerPrincipal | ServicePrincipal

/** What is known about the proof itself; absent where there is nothing to say. */
export interface ProofFacts {
  /** The browser or the platform attached the proof by itself: a foreign page could cause that. */
  readonly isAmbient?: true
  /** The proof is what stands in `Authorization`. */
  readonly isBearer?: true
  /** `Set-Cookie` values that end cookies which have ended. */
  readonly clearCookies?: readonly string[]
}

export interface AnonymousPrincipal extends ProofFacts {
  readonly kind: 'anonymous'
  readonly channel: Channel
  /**
   * Why the cookie that came along counts for nothing. `identity/expired` lets the call go on where
   * nobody in particular is needed; any other refuses it.
   */
  readonly refusal?: Problem
}

export interface CustomerPrincipal extends ProofFacts {
  readonly kind: 'customer'
  readonly channel: Channel
  /** Canonical customer id. */
  readonly customer: string
  /** Epoch milliseconds at which the proof ends. */
  readonly expiresAt: number
  /** The id of a gateway session, which can be ended by itself; null for other proofs. */
  readonly session: string | null
}

export interface ServicePrincipal extends ProofFacts {
  readonly kind: 'service'
  readonly channel: 'server'
  readonly id: string
  readonly scopes: ReadonlySet<string>
  /** Canonical id of the customer it acts for; absent where it acts for the shop. */
  readonly customer?: string
}

/** On whose behalf the call is made: canonical customer id, or null for nobody's. */
export function subjectOf(principal: Principal): string | null {
  return principal.kind === 'anonymous' ? null : (principal.customer ?? null)
}
