/**
 * One shop, ready to serve: its configuration turned into the tables and functions that the stages
 * ask. Built at start by `buildStorefronts`; nothing of one is reachable from another.
 */
import type { Clock } from './clock.ts'
import type { Config, IdentityConfig, StorefrontConfig } from './config/config.ts'
import type { OwnEndpoint } from './endpoint.ts'
import { createCanonicalCustomer } from './identity/customer-id.ts'
import { createHandOffs } from './identity/hand-off.ts'
import { createIdentify } from './identity/identify.ts'
import type { Identify } from './identity/identify.ts'
import { createRevocations } from './identity/revocations.ts'
import type { OnSecretUsed } from './identity/session.ts'
import { sessionEndpoints } from './identity/session-endpoints.ts'
import { withoutAppProxy } from './identity/shopify-app-proxy.ts'
import { createSources } from './identity/sources.ts'
import { createCors } from './policy/cors.ts'
import type { Cors } from './policy/cors.ts'
import { createLimiter, createLimits } from './policy/limits.ts'
import type { Limits } from './policy/limits.ts'
import { createRouteTable } from './policy/match.ts'
import type { RouteTable } from './policy/match.ts'
import { Problem } from './problem.ts'
import type { Callers, Endpoint, Method, Provider, Route, Upstream } from './provider.ts'
import type { Tokens } from './tokens/authorize.ts'
import type { Budgets } from './upstream/budget/budgets.ts'
import type { ReadingRules } from './upstream/reading.ts'

export interface Storefront {
  readonly id: string
  readonly origins: ReadonlySet<string>
  readonly cors: Cors
  readonly identify: Identify
  /** A query without what a source read its proof from, which is nobody else's business. */
  readonly withoutProof: (query: string) => string
  readonly limits: Limits
  readonly reading: ReadingRules
  readonly upstreams: readonly MountedUpstream[]
  /** By path, then method. */
  readonly ownEndpoints: ReadonlyMap<string, ReadonlyMap<Method, OwnEndpoint>>
}

export interface MountedUpstream {
  readonly upstream: Upstream
  /** `/<provider id>`, stripped before the upstream's own path begins. */
  readonly prefix: string
  /** Root paths that are this upstream's without the prefix. */
  readonly mounts: readonly string[]
  readonly table: RouteTable
  readonly allow: ReadonlySet<string>
}

/** What answers a call, and who may make it. */
export type Destination = OwnDestination | UpstreamDestination

export interface OwnDestination {
  readonly kind: 'own'
  readonly callers: Callers
  readonly isWriteAllowed: false
  readonly takesBody: true
  readonly endpoint: OwnEndpoint
}

export interface UpstreamDestination {
  readonly kind: 'upstream'
  readonly callers: Callers
  /** The storefront has opened this change to shoppers. */
  readonly isWriteAllowed: boolean
  readonly takesBody: boolean
  readonly upstream: Upstream
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
  /** The upstream's own path. */
  readonly path: string
}

const LONGEST_SESSION = 24 * 3_600_000

export interface Storefronts {
  /** By host. Throws `downstream/misdirected` for one that nobody serves. */
  find(host: string): Storefront
  readonly all: readonly Storefront[]
}

export interface StorefrontParts {
  readonly clock: Clock
  readonly tokens: Tokens
  readonly budgets: Budgets
  readonly onSecretUsed?: OnSecretUsed
}

export function buildStorefronts(
  config: Config,
  providers: readonly Provider[],
  parts: StorefrontParts,
): Storefronts {
  const byHost = new Map<string, Storefront>()
  const tables = createTables()
  const all = Object.entries(config.storefronts).map(([id, storefrontConfig]) => {
    const storefront = buildStorefront(id, storefrontConfig, providers, tables, parts)
    for (const host of storefrontConfig.hosts) byHost.set(host, storefront)
    return storefront
  })
  const fallback = byHost.get('*')
  return {
    all,
    find(host) {
      const storefront = byHost.get(host) ?? fallback
      if (storefront !== undefined) return storefront
      throw new Problem('downstream/misdirected', 'No storefront is served on this host.')
    },
  }
}

function buildStorefront(
  id: string,
  config: StorefrontConfig,
  providers: readonly Provider[],
  tables: (routes: readonly Route[]) => RouteTable,
  { clock, tokens, budgets, onSecretUsed }: StorefrontParts,
): Storefront {
  const upstreams = mountUpstreams(id, config, providers, tables)
  for (const { upstream } of upstreams) {
    budgets.configure(upstream, config.budgets[upstream.provider] ?? 'published')
  }
  const canonicalCustomer = createCanonicalCustomer(
    upstreams.map(
      ({ upstream }) =>
        (customer: string) =>
          upstream.canonicalCustomer(customer),
    ),
  )
  const revocations = createRevocations(clock, LONGEST_SESSION)
  const environment = upstreams
    .map(({ upstream }) => `${upstream.provider}=${upstream.environment}`)
    .join()
  const { identifiers, sessions } = createSources(config.identity, {
    storefront: id,
    environment,
    canonicalCustomer,
    revocations,
    clock,
    onSecretUsed,
  })
  const handOffs = createHandOffs(clock)
  const origins = new Set(config.origins)
  const own = [
    ...sessionEndpoints({
      storefront: id,
      sessions,
      handOffs,
      revocations,
      canonicalCustomer,
      clock,
    }),
    ...upstreams.flatMap(({ upstream }) => providerEndpoints(id, upstream, { clock, tokens })),
  ]
  return {
    id,
    origins,
    cors: createCors(origins),
    identify: createIdentify({ identifiers, canonicalCustomer }),
    withoutProof: config.identity.some(isAppProxy) ? withoutAppProxy : (query) => query,
    limits: createLimits(config.limits, clock),
    reading: {
      content: config.cache !== 'off',
      own: config.cache === 'off' ? null : config.cache.own,
    },
    upstreams,
    ownEndpoints: byPath(own),
  }
}

/** Endpoints that a provider declares, each answered from one of its tokens. */
function providerEndpoints(
  storefront: string,
  upstream: Upstream,
  { clock, tokens }: Pick<StorefrontParts, 'clock' | 'tokens'>,
): OwnEndpoint[] {
  return upstream.endpoints.map(({ credential, respond, limit, ...endpoint }: Endpoint) => ({
    ...endpoint,
    limiter: limit === null ? null : createLimiter(limit, clock),
    answer: async () => {
      const demand = { storefront, upstream, credential, customer: null, isReplayable: true }
      const { token } = await tokens.authorize(demand)
      if (token === null) throw new Error(`${endpoint.path} is declared without a token`)
      return { status: 200, body: respond(token) }
    },
  }))
}

function byPath(endpoints: readonly OwnEndpoint[]): Storefront['ownEndpoints'] {
  const paths = Map.groupBy(endpoints, ({ path }) => path)
  return new Map(
    [...paths].map(([path, group]) => [path, new Map(group.map((own) => [own.method, own]))]),
  )
}

function mountUpstreams(
  storefront: string,
  config: StorefrontConfig,
  providers: readonly Provider[],
  tables: (routes: readonly Route[]) => RouteTable,
): readonly MountedUpstream[] {
  return providers
    .filter((provider) => Object.hasOwn(config.providers, provider.id))
    .map((provider) => {
      const context = { storefront, origins: config.origins }
      const upstream = provider.start(config.providers[provider.id], context)
      return {
        upstream,
        prefix: `/${provider.id}`,
        mounts: provider.mounts,
        table: tables(upstream.routes),
        allow: new Set(upstream.allow),
      }
    })
}

function isAppProxy({ type }: IdentityConfig): boolean {
  return type === 'shopify-app-proxy'
}

/** Storefronts with the same routes share one table: ten thousand of them are no more than one. */
function createTables(): (routes: readonly Route[]) => RouteTable {
  const known = new Map<readonly Route[], RouteTable>()
  return (routes) => {
    const existing = known.get(routes)
    if (existing !== undefined) return existing
    const table = createRouteTable(routes)
    known.set(routes, table)
    return table
  }
}

/** What a path leads to: an endpoint of our own, or an upstream's routes. */
export type Located =
  | { readonly kind: 'own'; readonly methods: ReadonlyMap<Method, OwnEndpoint> }
  | {
      readonly kind: 'upstream'
      readonly methods: ReadonlyMap<Method, Route>
      readonly mounted: MountedUpstream
      readonly params: Readonly<Record<string, string>>
      /** As the upstream knows it. */
      readonly path: string
    }

/** Null for a path that nobody lists: it does not exist. */
export function locate(storefront: Storefront, path: string): Located | null {
  const own = storefront.ownEndpoints.get(path)
  if (own !== undefined) return { kind: 'own', methods: own }
  for (const mounted of storefront.upstreams) {
    const upstreamPath = pathWithin(mounted, path)
    const match = upstreamPath === null ? null : mounted.table.find(upstreamPath)
    if (upstreamPath === null || match === null) continue
    const { methods, params } = match
    return { kind: 'upstream', methods, mounted, params, path: upstreamPath }
  }
  return null
}

export function methodsOf({ methods }: Located): readonly Method[] {
  return [...methods.keys()]
}

/** Null for a method that the path does not take. */
export function destinationOf(located: Located, method: Method): Destination | null {
  if (located.kind === 'own') return ownDestination(located.methods.get(method))
  const { mounted, methods, params, path } = located
  const route = methods.get(method)
  if (route === undefined) return null
  const { upstream, allow } = mounted
  const isWriteAllowed = allow.size > 0 && allow.has(`${route.method} ${route.path}`)
  const takesBody = route.body !== undefined
  const { callers } = route
  return { kind: 'upstream', callers, isWriteAllowed, takesBody, upstream, route, params, path }
}

function ownDestination(endpoint: OwnEndpoint | undefined): Destination | null {
  if (endpoint === undefined) return null
  const { callers } = endpoint
  return { kind: 'own', callers, isWriteAllowed: false, takesBody: true, endpoint }
}

function pathWithin({ prefix, mounts }: MountedUpstream, path: string): string | null {
  if (path.startsWith(prefix) && path[prefix.length] === '/') return path.slice(prefix.length)
  for (const mount of mounts) if (path.startsWith(mount)) return path
  return null
}
