import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { describeConfig } from '../../src/config/describe.ts'
import { parseConfig } from '../../src/config/load.ts'
import { env, minimal } from '../support/config-text.ts'
import { fakeProvider } from '../support/fake-provider.ts'
import { mistakesOf } from '../support/mistakes-of.ts'

const session = '- { type: session, secret: ${env:SESSION_SECRET} }'
const SECRET = 'Zx81-login-0123456789abcdefghijklmnop'
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid: 'k1' })
const jwt = 'type: jwt, issuer: https://login.acme.example, audience: storefront'
const jwks = 'jwks: https://login.acme.example/jwks.json'
const proxy = `type: shopify-app-proxy, shop: acme.myshopify.com, secret: ${SECRET}`
const token = `type: shopify-session-token, shop: acme.myshopify.com, audience: app, secret: ${SECRET}`
const forward = 'type: forward-auth, url: https://www.acme.example/whoami'

const withSources = (...sources: readonly string[]) =>
  minimal.replace(session, sources.map((source) => `- { ${source} }`).join('\n      '))
const parse = (...sources: readonly string[]) =>
  parseConfig(withSources(...sources), { providers: [fakeProvider], env })
const mistakes = (...sources: readonly string[]) =>
  mistakesOf(() => parse(...sources)).map((line) =>
    line.replace(/^gatehouse\.yaml:\d+:\d+ storefronts\.acme\.identity/, ''),
  )

describe('a source', () => {
  test.each([
    ['a published key set', `${jwt}, ${jwks}`],
    ['inline keys', `${jwt}, keys: [${jwk}]`],
    ['a shared secret', `${jwt}, secret: ${SECRET}`],
    ['another claim and a cookie', `${jwt}, ${jwks}, customerId: id, cookie: shop_token`],
    ['a log-in on loopback', `${jwt}, jwks: "http://127.0.0.1:9000/jwks"`],
    ['a log-in on IPv6 loopback', `${jwt}, jwks: "http://[::1]:9000/jwks"`],
    ['Shopify’s app proxy', proxy],
    ['Shopify’s session token', token],
    ['forward-auth by cookie', `${forward}, cookie: sid`],
    ['forward-auth by header', `${forward}, header: x-shop-token, idHeader: x-id`],
    ['forward-auth by bearer', `${forward}, header: authorization`],
    ['a rotated session', `type: session, secret: ${SECRET}, previousSecret: ${SECRET}x`],
  ])('is understood: %s', (_what, source) => expect(mistakes(source)).toEqual([]))

  test('several of a kind may stand together, with one secret for one app of Shopify’s', () => {
    const sources = [`${jwt}, ${jwks}`, `${jwt}, ${jwks}, cookie: shop_token`, proxy, token]
    expect(mistakes(...sources)).toEqual([])
  })

  test('has defaults', () => {
    const [one, two] =
      parse(`${jwt}, ${jwks}`, `${forward}, cookie: sid`).storefronts['acme']?.identity ?? []
    expect(one).toMatchObject({ customerId: 'sub' })
    expect(two).toMatchObject({ idHeader: 'x-customer-id' })
  })

  test('shows no secret', () => {
    const described = describeConfig(parse(`${jwt}, secret: ${SECRET}x`, proxy))
    expect(described).not.toContain(SECRET)
    expect(described).toContain('secret: "[secret]"')
  })

  const needsOneKey = '[0]: needs exactly one of jwks, keys and secret'
  const address = 'must be a URL with https'
  const shop = '[0].shop: must be a name such as acme.myshopify.com'
  const eitherOr = '[0]: needs either cookie or header'

  test.each([
    [jwt, needsOneKey],
    [`${jwt}, ${jwks}, secret: ${SECRET}`, needsOneKey],
    [`${jwt}, ${jwks}, keys: [${jwk}]`, needsOneKey],
    [`type: jwt, audience: a, ${jwks}`, '[0].issuer: is missing'],
    [`type: jwt, issuer: "", audience: a, ${jwks}`, '[0].issuer: is empty'],
    [`type: jwt, issuer: a, ${jwks}`, '[0].audience: is missing'],
    [`${jwt}, jwks: http://login.acme.example/jwks`, `[0].jwks: ${address}`],
    [`${jwt}, jwks: "https://a:b@login.acme.example/jwks"`, `[0].jwks: ${address}`],
    [`${jwt}, jwks: "https://login.acme.example/#a"`, `[0].jwks: ${address}`],
    [`${jwt}, jwks: file:///etc/passwd`, `[0].jwks: ${address}`],
    [`${jwt}, jwks: /jwks.json`, `[0].jwks: ${address}`],
    [`${jwt}, secret: short`, '[0].secret: is too short: a secret has at least 32 characters'],
    [`${jwt}, keys: []`, '[0].keys: needs at least one key'],
    [`${jwt}, keys: [{ kty: RSA }]`, '[0].keys[0]: is not a public key for signatures'],
    [
      `${jwt}, keys: [${JSON.stringify(privateKey.export({ format: 'jwk' }))}]`,
      '[0].keys[0]: holds a secret key',
    ],
    [`${jwt}, ${jwks}, cookie: "a b"`, '[0].cookie: must be the name of a cookie'],
    [`${jwt}, ${jwks}, cookie: __Host-gatehouse`, '[0].cookie: is the gateway’s own cookie'],
    [`${jwt}, ${jwks}, algorithms: [none]`, '[0].algorithms: is not a known key'],
    [proxy.replace('acme.myshopify.com', 'www.acme.example'), shop],
    [proxy.replace('acme.myshopify.com', 'https://acme.myshopify.com'), shop],
    [proxy.replace('acme.myshopify.com', 'acme.myshopify.com.evil.example'), shop],
    [proxy.replace('acme.myshopify.com', 'ACME.myshopify.com'), shop],
    [token.replace('audience: app, ', ''), '[0].audience: is missing'],
    [forward, eitherOr],
    [`${forward}, cookie: sid, header: x-a`, eitherOr],
    [`${forward}, header: cookie`, '[0].header: is not a header that proves a shopper'],
    [`${forward}, header: x-apikey`, '[0].header: is not a header that proves a shopper'],
    [`${forward}, header: X-Shop`, '[0].header: must be a header name in lower case'],
    [`${forward.replace('https', 'http')}, cookie: sid`, `[0].url: ${address}`],
    [
      `type: session, secret: ${SECRET}, previousSecret: ${SECRET}`,
      '[0].previousSecret: is the same as secret',
    ],
  ])('%s', (source, mistake) => expect(mistakes(source)).toContain(mistake))

  test('T27: one secret has one purpose', () => {
    const other = 'is the same secret as storefronts.acme.identity[0].secret, for another purpose'
    expect(mistakes(`type: session, secret: ${SECRET}`, `${jwt}, secret: ${SECRET}`)).toEqual([
      `[1].secret: ${other}`,
    ])
    expect(mistakes(`${jwt}, secret: ${SECRET}`, proxy)).toEqual([`[1].secret: ${other}`])
    expect(
      mistakes(
        `${jwt}, secret: ${SECRET}`,
        `type: session, secret: ${SECRET}x, previousSecret: ${SECRET}`,
      ),
    ).toEqual([`[1].previousSecret: ${other}`])
  })

  test('of which two would claim the same signature stands alone', () => {
    expect(mistakes(proxy, proxy.replace('acme', 'beta'))).toEqual([
      '[1].type: may be shopify-app-proxy only once per storefront',
    ])
  })
})
