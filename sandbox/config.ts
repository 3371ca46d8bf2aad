import { hash } from 'node:crypto'
import type { Config } from '../src/config/config.ts'
import { parseConfig } from '../src/config/load.ts'
import type { Provider } from '../src/provider.ts'
import type { SandboxKeys } from './keys.ts'

export const SHOP_ID = 'fern-and-kettle'

export interface SandboxPlaces {
  /** Of the gateway; 0 takes a free one. */
  readonly port: number
  readonly neuroonUrl: string
  readonly nectorUrl: string
  /** Origins of the demo storefront's pages. */
  readonly origins: readonly string[]
}

/** The gateway's configuration, through the same checks as an operator's file: JSON is YAML too. */
export function sandboxConfig(
  places: SandboxPlaces,
  keys: SandboxKeys,
  providers: readonly Provider[],
): Config {
  return parseConfig(JSON.stringify(document(places, keys)), { providers, file: 'sandbox' })
}

function document({ port, neuroonUrl, nectorUrl, origins }: SandboxPlaces, keys: SandboxKeys) {
  const { provider } = keys
  return {
    listen: { host: '127.0.0.1', port },
    admin: { host: '127.0.0.1', port: 0 },
    // Nobody is routed here by a load balancer that would have to learn of the end.
    shutdown: { wait: '0s', deadline: '1s' },
    storefronts: {
      [SHOP_ID]: {
        // Not `*`: a page elsewhere whose name is pointed at this machine gets no answer.
        hosts: ['127.0.0.1', 'localhost'],
        origins,
        // Pages that are reloaded again and again would soon have used up the quota.
        cache: { own: '5s' },
        identity: [
          { type: 'service-key', keys: serviceKeys(keys) },
          { type: 'session', secret: keys.sessionSecret, ttl: '1h' },
        ],
        providers: {
          neuroon: { environment: neuroonUrl, shopId: SHOP_ID, apiKey: provider.shop },
          nector: {
            environment: nectorUrl,
            customer: 'shopify',
            keys: {
              storefront: { apiKey: provider.storefront, signingSecret: provider.signingSecret },
              server: { apiKey: provider.server },
              write: { apiKey: provider.write },
            },
          },
        },
      },
    },
  }
}

function serviceKeys({ service }: SandboxKeys): object[] {
  const backendScopes = ['session', 'widget-token', 'nector:read', 'nector:write']
  return [
    { id: 'shop-backend', sha256: sha256(service.backend), scopes: backendScopes },
    { id: 'shop-plugin', sha256: sha256(service.plugin), scopes: ['neuroon:plugin'] },
  ]
}

function sha256(key: string): string {
  return hash('sha256', key, 'hex')
}
