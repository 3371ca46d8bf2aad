import { stringify } from 'yaml'
import type { Config, IdentityConfig, ListenLimits } from './config.ts'
import { formatDuration } from './duration.ts'

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
        { ...storefront, identity: storefront.identity.map(describeIdentity) },
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
