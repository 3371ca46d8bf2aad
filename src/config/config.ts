import type { Secret } from '../secret.ts'
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
}

export type IdentityConfig = ServiceKeyIdentity | SessionIdentity

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
  readonly ttl: number
}
