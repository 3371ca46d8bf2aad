import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { env } from '../support/config-text.ts'
import { fakeProvider } from '../support/fake-provider.ts'
import { mistakesOf } from '../support/mistakes-of.ts'

interface Storefront {
  readonly key?: string
  readonly signing?: string
  readonly environment?: string
  readonly session?: string
  readonly digest?: string
}

const storefront = (id: string, given: Storefront) =>
  `
  ${id}:
    hosts: [${id}.example]
    identity:
      - { type: session, secret: ${given.session ?? '${env:SESSION_SECRET}'} }
      - { type: service-key, keys: [{ id: x, sha256: ${given.digest ?? hash('sha256', 'gh_1', 'hex')} }] }
    providers:
      acmeapi:
        environment: ${given.environment ?? 'production'}
        team: blue
        apiKey: ${given.key ?? '${env:ACME_KEY}'}
        signingSecret: ${given.signing ?? '${env:ACME_SIGNING}'}`

const mistakes = (a: Storefront, b: Storefront = {}, top = '') =>
  mistakesOf(() =>
    parseConfig(`${top}\nstorefronts:${storefront('a', a)}${storefront('b', b)}`, {
      providers: [fakeProvider],
      env,
    }),
  )

describe('T27: one secret in two places', () => {
  test('is fine for the same purpose in the same environment', () => {
    expect(mistakes({}, {})).toEqual([])
  })

  test('is refused under two environments, at the second', () => {
    expect(mistakes({}, { environment: 'staging', signing: 'sg_another1' })).toEqual([
      'gatehouse.yaml:23:17 storefronts.b.providers.acmeapi.apiKey: is the same key as storefronts.a.providers.acmeapi.apiKey, under another environment',
    ])
  })

  test('is refused for two purposes of one provider', () => {
    expect(mistakes({ signing: '${env:ACME_KEY}' })).toEqual([
      'gatehouse.yaml:13:24 storefronts.a.providers.acmeapi.signingSecret: is the same secret as storefronts.a.providers.acmeapi.apiKey, for another purpose',
    ])
  })

  test('is refused for two purposes across storefronts', () => {
    expect(mistakes({}, { signing: '${env:ACME_KEY}' })).toEqual([
      'gatehouse.yaml:24:24 storefronts.b.providers.acmeapi.signingSecret: is the same secret as storefronts.a.providers.acmeapi.apiKey, for another purpose',
    ])
  })

  test('is refused as a session secret and a provider’s', () => {
    expect(mistakes({}, { key: '${env:SESSION_SECRET}' })).toEqual([
      'gatehouse.yaml:23:17 storefronts.b.providers.acmeapi.apiKey: is the same secret as storefronts.a.identity[0].secret, for another purpose',
    ])
  })

  test('is refused as the admin token and a session secret', () => {
    expect(mistakes({}, {}, 'admin: { token: "${env:SESSION_SECRET}" }')).toHaveLength(2)
  })

  test('is refused as a service key and a provider’s, although only the hash is known', () => {
    expect(mistakes({ digest: hash('sha256', env.ACME_KEY, 'hex') })).toEqual([
      expect.stringContaining(
        'a.providers.acmeapi.apiKey: is the same secret as storefronts.a.identity[1].keys[0].sha256',
      ),
      expect.stringContaining(
        'b.providers.acmeapi.apiKey: is the same secret as storefronts.a.identity[1].keys[0].sha256',
      ),
    ])
  })

  test('is told together with mistakes elsewhere', () => {
    expect(mistakes({ signing: '${env:ACME_KEY}' }, {}, 'workers: 2')).toHaveLength(2)
  })

  test('is never shown', () => {
    const lines = mistakes({ signing: '${env:ACME_KEY}' }, { environment: 'staging' }).join('\n')
    for (const secret of Object.values(env)) expect(lines).not.toContain(secret)
  })
})
