import { expect, test } from 'vitest'
import { providers } from '../../providers/index.ts'
import { parseConfig } from '../../src/config/load.ts'
import { mistakesOf } from '../support/mistakes-of.ts'

/** Design §3.2, without the lines that a later letter brings. */
const design = `
configVersion: 1
listen: { host: 0.0.0.0, port: 8080, trustedProxies: [] }
admin:  { host: 127.0.0.1, port: 8081 }
store:  { type: memory }
workers: 1
shutdown: { wait: 2s, deadline: 10s }
storefronts:
  acme:
    hosts: [gw.acme.example]
    origins: [https://www.acme.example]
    identity:
      - { type: service-key, keys: [{ id: shop-backend, sha256: 0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9, scopes: [session, widget-token, "neuroon:plugin", "nector:read", "nector:write"] }] }
      - { type: session, secret: \${env:SESSION_SECRET}, ttl: 1h }
    providers:
      neuroon:
        environment: production
        shopId: shop_abc
        apiKey: \${env:NEUROON_API_KEY}
        widgetToken: { mode: local }
        origin: strip
        budget: off
      nector:
        environment: production
        customer: shopify
        workspaceId: shopify-acme
        digestId: raw
        keys:
          storefront: { apiKey: \${env:STOREFRONT_KEY}, signingSecret: \${env:SIGNING_SECRET} }
          server:     { apiKey: \${env:SERVER_KEY} }
          write:      { apiKey: \${env:WRITE_KEY} }
        allow: []
        leadToken: jwt
        routes: []
        budget: off
    limits: off
`

const env = {
  SESSION_SECRET: 'q7Zt-session-0123456789abcdefghijkl',
  NEUROON_API_KEY: 'sk_0123456789abcdef0123456789abcdef',
  STOREFRONT_KEY: 'ak_4f9c01d2e8b7a653',
  SIGNING_SECRET: 'nector_signing_secret_test',
  SERVER_KEY: 'ak_5f9c01d2e8b7a653',
  WRITE_KEY: 'ak_6f9c01d2e8b7a653',
}

const mistakes = (text: string, more: NodeJS.ProcessEnv = {}) =>
  mistakesOf(() => parseConfig(text, { providers, env: { ...env, ...more } }))

test('the configuration of the design loads as it is printed there', () => {
  expect(mistakes(design)).toEqual([])
})

test.each([
  ['one key for reading and writing', { WRITE_KEY: env.SERVER_KEY }],
  ['a key that is the signing secret', { SIGNING_SECRET: env.STOREFRONT_KEY }],
  ['one key for both providers', { SERVER_KEY: env.NEUROON_API_KEY }],
  ['a session secret that is a key', { SESSION_SECRET: env.NEUROON_API_KEY }],
])('T27: %s stops the start', (_title, more) => {
  expect(mistakes(design, more)).toEqual([expect.stringContaining('for another purpose')])
})

test.each(['NEUROON_API_KEY', 'SIGNING_SECRET', 'WRITE_KEY', 'SESSION_SECRET'])(
  'T27: %s may not be forgotten',
  (name) => {
    expect(mistakes(design, { [name]: undefined })).toHaveLength(1)
    expect(mistakes(design, { [name]: '' })).toHaveLength(1)
    expect(mistakes(design, { [name]: '   ' })).toHaveLength(1)
    expect(mistakes(design, { [name]: 'changeme' })).toHaveLength(1)
  },
)
