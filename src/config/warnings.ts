import type { Provider, Upstream } from '../provider.ts'
import type { Config, ServiceKey, StorefrontConfig } from './config.ts'
import { isLoopback } from './host.ts'
import { formatPath } from './mistake.ts'
import type { Finding, Path } from './mistake.ts'
import { isEverything } from './network.ts'
import { sessionScope } from './scopes.ts'
import { startUpstreams } from './upstreams.ts'

export interface ConfigWarning {
  /** `storefronts.acme.origins`. */
  readonly path: string
  readonly message: string
}

/** What works but deserves a second look. */
export function checkConfig(
  config: Config,
  providers: readonly Provider[],
): readonly ConfigWarning[] {
  const storefronts = Object.entries(config.storefronts).flatMap(([id, storefront]) =>
    storefrontWarnings(id, storefront, providers),
  )
  return [
    ...proxyWarnings(config),
    ...storeWarnings(config),
    ...sharedSessionSecrets(config),
    ...storefronts,
  ].map(({ path, message }) => ({ path: formatPath(path), message }))
}

function proxyWarnings({ listen }: Config): readonly Finding[] {
  const path = ['listen', 'trustedProxies']
  const open = listen.trustedProxies.flatMap((network, index) =>
    isEverything(network) ? [{ path: [...path, index], message: trustsAll }] : [],
  )
  const isDirect = listen.trustedProxies.length === 0 && !isLoopback(listen.host)
  return isDirect ? [{ path, message: trustsNobody }] : open
}

const trustsAll = 'trusts everybody: any caller can claim any address'
const trustsNobody =
  'is empty, so forwarded headers are never read; behind a proxy, list its addresses, or all callers share one address'

function storeWarnings({ store }: Config): readonly Finding[] {
  const message =
    'is memory: a restart forgets which sessions were ended and which accounts were learned'
  return store.type === 'memory' ? [{ path: ['store', 'type'], message }] : []
}

/** Sessions name their storefront, so this is no hole; a leak at one shop is a leak at both. */
function sharedSessionSecrets({ storefronts }: Config): readonly Finding[] {
  const uses = Object.entries(storefronts).flatMap(([id, { identity }]) =>
    identity.flatMap((source, index) =>
      source.type === 'session'
        ? [{ path: ['storefronts', id, 'identity', index, 'secret'], secret: source.secret }]
        : [],
    ),
  )
  const prints = uses.map(({ secret }) => secret.fingerprint)
  return uses
    .filter((_use, index) => prints.indexOf(prints[index] ?? '') < index)
    .map(({ path }) => ({ path, message: 'signs the sessions of another storefront as well' }))
}

function storefrontWarnings(
  id: string,
  storefront: StorefrontConfig,
  providers: readonly Provider[],
): readonly Finding[] {
  const path = ['storefronts', id]
  const started = startUpstreams(id, storefront, providers)
  const upstreams = started.map(({ upstream }) => upstream)
  const noOrigins = {
    path: [...path, 'origins'],
    message: 'is empty: no page may call with an Origin',
  }
  return [
    ...(storefront.origins.length === 0 ? [noOrigins] : []),
    ...keyWarnings(storefront, [...path, 'identity'], upstreams),
    ...started.flatMap(({ path: start, upstream }) =>
      upstream.warnings.map((warning) => ({ ...warning, path: [...start, ...warning.path] })),
    ),
  ]
}

function keyWarnings(
  { identity }: StorefrontConfig,
  path: Path,
  upstreams: readonly Upstream[],
): readonly Finding[] {
  const useful = usefulScopes(upstreams)
  if (identity.some(({ type }) => type === 'session')) useful.add(sessionScope)
  return identity.flatMap((source, position) =>
    source.type === 'service-key'
      ? source.keys.flatMap((key, index) =>
          scopeWarnings(key, [...path, position, 'keys', index, 'scopes'], useful),
        )
      : [],
  )
}

/** Scopes that some route of this storefront asks for. */
function usefulScopes(upstreams: readonly Upstream[]): Set<string> {
  const doors = upstreams.flatMap(({ routes, endpoints }) => [...routes, ...endpoints])
  return new Set(doors.flatMap(({ callers }) => callers.service ?? []))
}

function scopeWarnings(
  { scopes }: ServiceKey,
  path: Path,
  useful: ReadonlySet<string>,
): readonly Finding[] {
  if (scopes.length === 0) return [{ path, message: 'is empty: the key may do nothing' }]
  return scopes.flatMap((scope, index) =>
    useful.has(scope)
      ? []
      : [{ path: [...path, index], message: 'reaches nothing in this storefront' }],
  )
}
