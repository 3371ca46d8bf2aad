import type { Provider, Upstream } from '../provider.ts'
import type { Path } from './mistake.ts'

/** A provider started for one storefront, and where the file configures it. */
export interface StartedUpstream {
  readonly path: Path
  readonly upstream: Upstream
}

/** What a storefront has under `providers`, already parsed → its upstreams. */
export function startUpstreams(
  storefront: string,
  { origins, providers: configs }: { origins: readonly string[]; providers: object },
  providers: readonly Provider[],
): readonly StartedUpstream[] {
  return providers
    .filter(({ id }) => Object.hasOwn(configs, id))
    .map((provider) => ({
      path: ['storefronts', storefront, 'providers', provider.id],
      upstream: provider.start(Reflect.get(configs, provider.id), { storefront, origins }),
    }))
}
