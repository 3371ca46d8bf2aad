import type { Secret } from '../secret.ts'
import type { BudgetConfig } from './budget.ts'
import type { CacheConfig, CallsPer } from './limits.ts'
import type { ListenLimits } from './listen-limits.ts'

export type { ListenLimits }

/**
 * The configuration, as the rest of the gateway sees it.
 *
 * This folder owns the way from `gatehouse.yaml` to a `Config` that can be trusted: reading,
 * references to variables and files, the schema, what may not occur together, and one line for
 * each mistake. It does not own what a storefront configures for a provider: that is the
 * provider's schema, and the parsed value is handed to its `start` unseen. The commands call it,
 * once at start; nothing here runs while requests are served.
 *
 * Durations are milliseconds.
 */
export interface Config {
  readonly listen: ListenConfig
  readonly admin: AdminConfig
  readonly store: { readonly type: 'memory' }
  readonly workers: 1
  readonly shutdown: ShutdownConfig
  /** By storefront id. */
  readonly storefronts: Readonly<Record<string, StorefrontConfig>>
}

export interface ListenConfig {
  readonly host: string
  readonly port: number
  /** Addresses and CIDR blocks whose forwarded headers count. */
  readonly trustedProxies: readonly string[]
  readonly limits: ListenLimits
}

export interface AdminConfig {
  readonly host: string
  readonly port: number
  /** Never null when `host` is reachable from elsewhere. */
  readonly token: Secret | null
}

export interface ShutdownConfig {
  /** How long new calls are still served after readiness went off. */
  readonly wait: number
  /** When the process ends at the latest; longer than `wait`. */
  readonly deadline: number
}

export interface StorefrontConfig {
  /** Lower case, without port; `*` alone where this is the only storefront. */
  readonly hosts: readonly string[]
  /** Serialized origins, compared exactly. */
  readonly origins: readonly string[]
  /** In the order they are asked. */
  readonly identity: readonly IdentityConfig[]
  /** By provider id: what the provider's own schema made of it. Never empty. */
  readonly providers: Readonly<Record<string, unknown>>
  /** By provider id. */
  readonly budgets: Readonly<Record<string, BudgetConfig>>
  readonly limits: CallsPer | 'off'
  readonly cache: CacheConfig | 'off'
}

export type IdentityConfig =
  | ServiceKeyIdentity
  | SessionIdentity
  | JwtIdentity
  | ShopifySessionTokenIdentity
  | ShopifyAppProxyIdentity
  | ForwardAuthIdentity

export interface ServiceKeyIdentity {
  readonly type: 'service-key'
  readonly keys: readonly ServiceKey[]
}

export interface ServiceKey {
  readonly id: string
  /** SHA-256 of the key, 64 lower-case hex digits. */
  readonly sha256: string
  readonly scopes: readonly string[]
}

export interface SessionIdentity {
  readonly type: 'session'
  readonly secret: Secret
  readonly previousSecret?: Secret | undefined
  readonly ttl: number
}

/** Exactly one of `jwks`, `keys` and `secret` is there. */
export interface JwtIdentity {
  readonly type: 'jwt'
  readonly issuer: string
  readonly audience: string
  readonly jwks?: string | undefined
  /** Public keys as JWKs. */
  readonly keys?: readonly Readonly<Record<string, unknown>>[] | undefined
  readonly secret?: Secret | undefined
  /** The claim that holds the customer's id. */
  readonly customerId: string
  readonly cookie?: string | undefined
}

export interface ShopifySessionTokenIdentity {
  readonly type: 'shopify-session-token'
  readonly shop: string
  readonly audience: string
  readonly secret: Secret
}

export interface ShopifyAppProxyIdentity {
  readonly type: 'shopify-app-proxy'
  readonly shop: string
  readonly secret: Secret
}

/** Either `cookie` or `header` is there. */
export interface ForwardAuthIdentity {
  readonly type: 'forward-auth'
  readonly url: string
  readonly cookie?: string | undefined
  readonly header?: string | undefined
  readonly idHeader: string
}
