import { stringify } from 'yaml'
import type { Config, IdentityConfig, ListenLimits, StorefrontConfig } from './config.ts'
import { formatDuration } from './duration.ts'
import type { CallsPer } from './limits.ts'

/** What was understood, as YAML with every default filled in and every secret as `[secret]`. */
export function describeConfig(config: Config): string {
  const { wait, deadline } = config.shutdown
  const described = {
    ...config,
    listen: { ...config.listen, limits: describeLimits(config.listen.limits) },
    shutdown: { wait: formatDuration(wait), deadline: formatDuration(deadline) },
    storefronts: Object.fromEntries(
      Object.entries(config.storefronts).map(([id, storefront]) => [
        id,
        describeStorefront(storefront),
      ]),
    ),
  }
  return stringify(printable(described), { lineWidth: 0 })
}

/**
 * A copy that may be printed: in JSON a `Secret` shows as `[secret]`, and so does what stands
 * before the `@` of a URL, which is how a forward proxy's password is written.
 */
export function printable(value: object): unknown {
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) =>
    typeof item === 'string' ? item.replace(/\/\/[^/@\s]+@/g, '//[secret]@') : item,
  )
}

/** As it is written in the file: a budget is told with its provider. */
function describeStorefront({ budgets, ...storefront }: StorefrontConfig): object {
  const { limits, cache, providers } = storefront
  return {
    ...storefront,
    identity: storefront.identity.map(describeIdentity),
    providers: Object.fromEntries(
      Object.entries(providers).map(([id, provider]) => [
        id,
        { ...Object(provider), budget: describeCalls(budgets[id] ?? 'published') },
      ]),
    ),
    limits: describeCalls(limits),
    cache:
      cache === 'off' ? cache : { own: cache.own === null ? 'off' : formatDuration(cache.own) },
  }
}

function describeCalls(calls: CallsPer | string): object | string {
  return typeof calls === 'string' ? calls : { ...calls, per: formatDuration(calls.per) }
}

function describeLimits(limits: ListenLimits): object {
  const { headers, request, idle, stalled } = limits
  return {
    ...limits,
    headers: formatDuration(headers),
    request: formatDuration(request),
    idle: formatDuration(idle),
    stalled: formatDuration(stalled),
  }
}

function describeIdentity(identity: IdentityConfig): object {
  return identity.type === 'session' ? { ...identity, ttl: formatDuration(identity.ttl) } : identity
}
