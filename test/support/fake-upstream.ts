import type { Upstream } from '../../src/provider.ts'
import { fakeProvider } from './fake-provider.ts'

/** The fake provider, started for one storefront. Secrets are as long as secrets have to be. */
export function fakeUpstream(changed: Partial<Upstream> = {}): Upstream {
  const config = fakeProvider.config.parse({
    environment: 'production',
    team: 'blue',
    apiKey: 'ak_4f9c01d2e8b7a653',
    signingSecret: 'sg_90b1c2d3e4f5a617',
  })
  const origins = ['https://www.acme.example']
  return { ...fakeProvider.start(config, { storefront: 'acme', origins }), ...changed }
}
