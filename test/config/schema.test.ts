import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { env, minimal } from '../support/config-text.ts'
import { fakeProvider } from '../support/fake-provider.ts'
import { mistakesOf } from '../support/mistakes-of.ts'

/** The mistakes of the shortest file with something at its top, or with a part replaced. */
function refusals(top: string, [old, replacement]: readonly [string, string] = ['', '']) {
  const text = `${top}\n${minimal.replace(old, replacement)}`
  return mistakesOf(() => parseConfig(text, { providers: [fakeProvider], env })).map((line) =>
    line.replace(/^gatehouse\.yaml:\d+:\d+ /, ''),
  )
}
const replacing = (old: string, replacement: string) => refusals('', [old, replacement])
const session = '- { type: session, secret: ${env:SESSION_SECRET} }'
const digest = '0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9'
const key = (fields: string) => replacing(session, `- { type: service-key, keys: [{ ${fields} }] }`)

test('the shortest file has no mistakes', () => expect(refusals('')).toEqual([]))

describe('what comes in a later version stops the start and says so', () => {
  const notAvailable = 'is not available in this version'

  test.each([
    ['listen: { tls: { cert: a, key: b } }', 'listen.tls'],
    ['listen: { basePath: /gw }', 'listen.basePath'],
    ['store: { type: sqlite, path: /data }', 'store.type'],
    ['store: { type: redis, url: "redis://x", encryptionKey: y }', 'store.type'],
    ['workers: auto', 'workers'],
    ['workers: 2', 'workers'],
  ])('%s', (top, path) => expect(refusals(top)).toEqual([`${path}: ${notAvailable}`]))
})

describe('limits, budgets and caches', () => {
  const budget = (written: string) =>
    replacing('team: blue', `team: blue\n        budget: ${written}`)
  const under = 'storefronts.acme.providers.acmeapi.budget'

  test.each(['off', '{ calls: 40, per: 1m }', '{ calls: 40, per: 1m, observe: true }'])(
    'budget: %s',
    (written) => expect(budget(written)).toEqual([]),
  )

  test.each([
    ['{ calls: 0, per: 1m }', `${under}.calls: must be at least 1`],
    ['{ calls: 40 }', `${under}.per: is missing`],
    ['{ calls: 40, per: 60 }', `${under}.per: must be a duration such as 500ms, 2s, 10m or 1h`],
    [
      '{ calls: 40, per: 1m, observed: true }',
      `${under}.observed: is not a known key; did you mean observe?`,
    ],
    ['on', `${under}: must be off or must be a mapping of keys to values, not text`],
  ])('budget: %s', (written, message) => expect(budget(written)).toEqual([message]))

  const storefront = (line: string) => replacing('    hosts', `    ${line}\n    hosts`)

  test.each([
    'limits: off',
    'limits: { calls: 600, per: 1m }',
    'cache: off',
    'cache: { own: 5s }',
    'cache: { own: off }',
  ])('%s', (line) => expect(storefront(line)).toEqual([]))

  test.each([
    ['limits: { calls: 600 }', 'storefronts.acme.limits.per: is missing'],
    ['cache: { own: 5m }', 'storefronts.acme.cache.own: must be off or must be at most 60s'],
  ])('%s', (line, message) => expect(storefront(line)).toEqual([message]))

  test('by default 600 calls a minute, published quotas, and no own reads kept', () => {
    const { storefronts } = parseConfig(minimal, { providers: [fakeProvider], env })
    expect(storefronts['acme']).toMatchObject({
      limits: { calls: 600, per: 60_000 },
      budgets: { acmeapi: 'published' },
      cache: { own: null },
    })
  })
})

describe('the top of the file', () => {
  test.each([
    ['configVersion: 2', 'configVersion: must be 1'],
    ['workers: 0', 'workers: must be 1'],
    ['listen:', 'listen: is empty; it must be a mapping of keys to values'],
    ['listen: [8080]', 'listen: must be a mapping of keys to values, not a list'],
    ['listen: { port: 80.5 }', 'listen.port: must be a whole number, not a number'],
    ['listen: { port: -1 }', 'listen.port: must be at least 0'],
    ['listen: { trustedProxies: 10.0.0.0/8 }', 'listen.trustedProxies: must be a list, not text'],
    [
      'listen: { trustedProxies: [proxy] }',
      'listen.trustedProxies[0]: must be an IP address or a CIDR block such as 10.0.0.0/8',
    ],
    ['admin: { token: short }', 'admin.token: is too short: a secret has at least 8 characters'],
    ['store: { type: postgres }', 'store.type: must be memory'],
    ['store: {}', 'store.type: must be memory'],
    ['store: memory', 'store: must be a mapping of keys to values, not text'],
    ['shutdown: { wait: 2 }', 'shutdown.wait: must be a duration such as 500ms, 2s, 10m or 1h'],
    ['shutdown: { deadline: 2h }', 'shutdown.deadline: must be at most 1h'],
    ['prot: 8080', 'prot: is not a known key'],
    ['Store: {}', 'Store: is not a known key; did you mean store?'],
    ['shutdwon: {}', 'shutdwon: is not a known key; did you mean shutdown?'],
  ])('%s', (top, message) => expect(refusals(top)).toEqual([message]))

  test('without storefronts says so', () => {
    const parse = (text: string) =>
      mistakesOf(() => parseConfig(text, { providers: [fakeProvider], env }))
    expect(parse('workers: 1')).toEqual(['gatehouse.yaml:1:1 storefronts: is missing'])
    expect(parse('storefronts: {}')).toEqual([
      'gatehouse.yaml:1:14 storefronts: needs at least one storefront',
    ])
    expect(parse('just text')).toEqual([
      'gatehouse.yaml:1:1 must be a mapping of keys to values, not text',
    ])
  })
})

describe('a storefront', () => {
  test.each([
    ['  acme:', '  "a b":', 'storefronts.[key]: is not a possible name: letters, digits, - and _'],
    ['    hosts: [gw.acme.example]\n', '', 'storefronts.acme.hosts: is missing'],
    ['[gw.acme.example]', '[]', 'storefronts.acme.hosts: needs at least one host'],
    [
      '    origins',
      '    orgins',
      'storefronts.acme.orgins: is not a known key; did you mean origins?',
    ],
    [
      'acmeapi:',
      'acmeapy:',
      'storefronts.acme.providers.acmeapy: is not a known key; did you mean acmeapi?',
    ],
    [
      'team: blue',
      'team: "not blue"',
      'storefronts.acme.providers.acmeapi.team: must be lower-case letters, digits and dashes',
    ],
    [
      'production',
      'prod',
      'storefronts.acme.providers.acmeapi.environment: must be production, staging, or a base URL with https',
    ],
  ])('%j → %j', (old, replacement, message) => {
    expect(replacing(old, replacement)).toContain(message)
  })

  test('may do without identity and origins', () => {
    expect(replacing(/ {4}origins[^]*?SECRET\} \}\n/.exec(minimal)?.[0] ?? '', '')).toEqual([])
  })
})

describe('an identity source', () => {
  test.each([
    [
      '- { type: magic }',
      'identity[0].type: must be service-key or session or jwt or shopify-session-token or shopify-app-proxy or forward-auth',
    ],
    [
      '- {}',
      'identity[0].type: must be service-key or session or jwt or shopify-session-token or shopify-app-proxy or forward-auth',
    ],
    ['- session', 'identity[0]: must be a mapping of keys to values, not text'],
    ['- { type: session }', 'identity[0].secret: is missing'],
    [
      '- { type: session, secret: 0123-456789-abcdef }',
      'identity[0].secret: is too short: a secret has at least 32 characters',
    ],
    [
      '- { type: session, secret: ${env:SESSION_SECRET}, ttl: 0s }',
      'identity[0].ttl: must be at least 1s',
    ],
    [
      '- { type: session, secret: ${env:SESSION_SECRET}, ttl: 25h }',
      'identity[0].ttl: must be at most 24h',
    ],
    ['- { type: service-key, keys: [] }', 'identity[0].keys: needs at least one key'],
  ])('%s', (source, message) => {
    expect(replacing(session, source)).toEqual([`storefronts.acme.identity[0]${message.slice(11)}`])
  })

  test('a service key is an id, a hash and scopes of the core and the providers', () => {
    expect(key(`id: shop-backend, sha256: ${digest}, scopes: [session, "acmeapi:orders"]`)).toEqual(
      [],
    )
  })

  test.each([
    [
      `id: shop backend, sha256: ${digest}`,
      'id: must be letters, digits, dots, dashes, underscores',
    ],
    ['id: shop, sha256: abc', 'sha256: must be the SHA-256 of the key: 64 lower-case hex digits'],
    [
      `id: shop, sha256: ${digest.toUpperCase()}`,
      'sha256: must be the SHA-256 of the key: 64 lower-case hex digits',
    ],
    [`id: shop, sha256: '${'0'.repeat(64)}'`, 'sha256: is a placeholder, not the SHA-256 of a key'],
    [
      'id: shop, sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'sha256: is the SHA-256 of an empty key',
    ],
    [
      `id: shop, sha256: ${digest}, scopes: [orders]`,
      'scopes[0]: must be one of session, acmeapi:orders',
    ],
    [`id: shop, sha256: ${digest}, scopes: session`, 'scopes: must be a list, not text'],
    [`id: shop, sha256: ${digest}, scope: []`, 'scope: is not a known key; did you mean scopes?'],
  ])('a service key may not be { %s }', (fields, message) => {
    expect(key(fields)).toEqual([`storefronts.acme.identity[0].keys[0].${message}`])
  })
})
