import { randomBytes } from 'node:crypto'
import { createKey } from '../src/cli/key.ts'

/** Everything secret in one sandbox. Made at random at each start and kept in memory alone. */
export interface SandboxKeys {
  /** Known to the gateway and the emulators, and to nobody else. */
  readonly provider: ProviderKeys
  readonly sessionSecret: string
  /** The shop's own: printed, because the `curl` lines play the shop's servers. */
  readonly service: ServiceKeys
}

export interface ProviderKeys {
  readonly shop: string
  readonly storefront: string
  readonly server: string
  readonly write: string
  readonly signingSecret: string
}

export interface ServiceKeys {
  /** The backend that logs shoppers in. */
  readonly backend: string
  /** The plugin that keeps the products up to date, and may do nothing else. */
  readonly plugin: string
}

/** In the forms that the providers give them, so that whoever looks for a leak can know them. */
export function createKeys(): SandboxKeys {
  return {
    provider: {
      shop: `sk_${randomHex(16)}`,
      storefront: `ak_${randomHex(32)}`,
      server: `ak_${randomHex(32)}`,
      write: `ak_${randomHex(32)}`,
      signingSecret: randomHex(32),
    },
    sessionSecret: randomHex(32),
    service: { backend: createKey(), plugin: createKey() },
  }
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
