import { nector } from '../../providers/nector/index.ts'
import type { NectorConfig } from '../../providers/nector/config.ts'

export const SECRET = 'nector_signing_secret_for-tests-only'

export function fakeNectorConfig(): NectorConfig {
  return nector.config.parse({
    environment: 'production',
    customer: 'shopify',
    keys: { storefront: { apiKey: 'ak_storefront_not-a-real-key_0001', signingSecret: SECRET } },
  })
}
