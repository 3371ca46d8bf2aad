/** Configurations for the contract test: at least one for each provider, and one for each setting. */
export interface Sample {
  /** Everything under `providers.<id>`, as a file would hold it. */
  readonly config: Readonly<Record<string, unknown>>
  /** The secrets in it, by key path. */
  readonly secrets: Readonly<Record<string, string>>
}

const apiKey = 'sk_11111111111111111111111111c0ffee'
const previousApiKey = 'sk_22222222222222222222222222c0ffee'

function neuroon(more: object, secrets: Readonly<Record<string, string>> = {}): Sample {
  return {
    config: { environment: 'production', shopId: 'shop_abc', apiKey, ...more },
    secrets: { apiKey, ...secrets },
  }
}

const keys = {
  'keys.storefront.apiKey': 'ak_storefront_7d1f0a9b',
  'keys.storefront.signingSecret': 'signing_5c2e8f4d1b',
  'keys.server.apiKey': 'ak_server_3b9e6c1f',
  'keys.write.apiKey': 'ak_write_a4d7e2b8',
}
const previousSigningSecret = 'signing_before_9a3d7c'
const storefront = {
  apiKey: keys['keys.storefront.apiKey'],
  signingSecret: keys['keys.storefront.signingSecret'],
}

function nector(more: object, secrets: Readonly<Record<string, string>> = {}): Sample {
  const all = {
    storefront,
    server: { apiKey: keys['keys.server.apiKey'] },
    write: { apiKey: keys['keys.write.apiKey'] },
  }
  return {
    config: { environment: 'production', customer: 'shopify', keys: all, ...more },
    secrets: { ...keys, ...secrets },
  }
}

export const samples: Readonly<Record<string, readonly Sample[]>> = {
  neuroon: [
    neuroon({}),
    neuroon({ environment: 'development', widgetToken: { mode: 'issue', browser: true } }),
    neuroon({ environment: 'http://127.0.0.1:9', widgetToken: { mode: 'local-then-issue' } }),
    neuroon({ origin: 'shop-url' }),
    neuroon({ previousApiKey }, { previousApiKey }),
  ],
  nector: [
    nector({}),
    nector({ environment: 'staging', customer: 'external', workspaceId: 'shopify-acme' }),
    nector({ customer: 'woocommerce', digestId: 'prefixed', leadToken: 'opaque' }),
    nector({
      routes: [
        { get: '/viptiers/:id', for: 'customer' },
        { get: '/x', for: 'content' },
      ],
    }),
    nector({ upstream: { localAddress: '10.0.0.5' } }),
    nector({ upstream: { proxy: 'http://proxy.example:3128' } }),
    {
      config: { environment: 'production', customer: 'shopify', keys: { storefront } },
      secrets: Object.fromEntries(Object.entries(keys).slice(0, 2)),
    },
    nector(
      {
        keys: {
          storefront: { ...storefront, previousSigningSecret },
          server: { apiKey: keys['keys.server.apiKey'] },
          write: { apiKey: keys['keys.write.apiKey'] },
        },
      },
      { 'keys.storefront.previousSigningSecret': previousSigningSecret },
    ),
  ],
  acmeapi: [
    {
      config: {
        environment: 'production',
        team: 'blue',
        apiKey: 'ak_4f9c01d2e8b7a653',
        signingSecret: 'sg_90b1c2d3e4f5a617',
      },
      secrets: { apiKey: 'ak_4f9c01d2e8b7a653', signingSecret: 'sg_90b1c2d3e4f5a617' },
    },
  ],
}
