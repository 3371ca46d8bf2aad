import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { checkConfig } from '../../src/config/warnings.ts'
import { env, minimal } from '../support/config-text.ts'
import { fakeProvider } from '../support/fake-provider.ts'

const digest = '0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9'
const always =
  'store.type: is memory: a restart forgets which sessions were ended and which accounts were learned'

/** The warnings beside the one that the memory store always gives. */
function warnings(text: string): readonly string[] {
  const providers = [fakeProvider, { ...fakeProvider, id: 'acmetwo', scopes: ['acmetwo:all'] }]
  const config = parseConfig(`listen: { host: 127.0.0.1 }\n${text}`, { providers, env })
  const all = checkConfig(config, providers).map(({ path, message }) => `${path}: ${message}`)
  expect(all).toContain(always)
  return all.filter((line) => line !== always)
}

const withKey = (scopes: string) =>
  minimal.replace(
    '      - {',
    `      - { type: service-key, keys: [{ id: x, sha256: ${digest}, scopes: ${scopes} }] }\n      - {`,
  )

describe('a configuration that works deserves a second look', () => {
  test('not at all beyond the memory store', () => expect(warnings(minimal)).toEqual([]))

  test('when a storefront has no origins', () => {
    expect(warnings(minimal.replace(/ +origins.*\n/, ''))).toEqual([
      'storefronts.acme.origins: is empty: no page may call with an Origin',
    ])
  })

  test('when a provider says so', () => {
    expect(warnings(minimal.replace('production', 'staging'))).toEqual([
      'storefronts.acme.providers.acmeapi.environment: is staging: its data is wiped every night',
    ])
  })

  test('when a service key reaches nothing', () => {
    const scopes = 'storefronts.acme.identity[0].keys[0].scopes'
    expect(warnings(withKey('[session, "acmeapi:orders"]'))).toEqual([])
    expect(warnings(withKey('[]'))).toEqual([`${scopes}: is empty: the key may do nothing`])
    expect(warnings(withKey('["acmeapi:orders", "acmetwo:all"]'))).toEqual([
      `${scopes}[1]: reaches nothing in this storefront`,
    ])
    const noSessions = withKey('[session]').replace(/ +- \{ type: session.*\n/, '')
    expect(warnings(noSessions)).toEqual([`${scopes}[0]: reaches nothing in this storefront`])
  })

  test('when two storefronts share a session secret', () => {
    const second = minimal
      .slice(minimal.indexOf('  acme:'))
      .replace('acme:', 'b:')
      .replace('gw.', 'b.')
    expect(warnings(minimal + second)).toEqual([
      'storefronts.b.identity[0].secret: signs the sessions of another storefront as well',
    ])
  })

  test('when proxies are trusted without end, or not at all on a public address', () => {
    const proxies = (listen: string) =>
      checkConfig(
        parseConfig(`listen: ${listen}\n${minimal}`, { providers: [fakeProvider], env }),
        [fakeProvider],
      )
        .map(({ path, message }) => `${path}: ${message}`)
        .filter((line) => line !== always)
    expect(proxies('{ trustedProxies: [10.0.0.0/8] }')).toEqual([])
    expect(proxies('{ trustedProxies: [10.0.0.0/8, 0.0.0.0/0, "::/0"] }')).toEqual([
      'listen.trustedProxies[1]: trusts everybody: any caller can claim any address',
      'listen.trustedProxies[2]: trusts everybody: any caller can claim any address',
    ])
    expect(proxies('{ host: 127.0.0.1 }')).toEqual([])
    expect(proxies('{}')).toEqual([expect.stringMatching(/^listen\.trustedProxies: is empty/)])
  })
})
