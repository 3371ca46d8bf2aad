import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { Secret } from '../../src/secret.ts'
import { env, minimal } from '../support/config-text.ts'
import { fakeProvider } from '../support/fake-provider.ts'
import { mistakesOf } from '../support/mistakes-of.ts'

const providers = [fakeProvider]
const parse = (text: string, more: NodeJS.ProcessEnv = {}) =>
  parseConfig(text, { providers, env: { ...env, ...more } })
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-load-'))

describe('the shortest useful file', () => {
  const config = parse(minimal)

  test('has fewer than 20 lines', () => {
    expect(minimal.trim().split('\n').length).toBeLessThan(20)
  })

  test('leaves everything else to defaults', () => {
    expect(config).toMatchObject({
      listen: { host: '0.0.0.0', port: 8080, trustedProxies: [] },
      admin: { host: '127.0.0.1', port: 8081, token: null },
      store: { type: 'memory' },
      workers: 1,
      shutdown: { wait: 2_000, deadline: 10_000 },
    })
  })

  test('gives a storefront with milliseconds and secrets that do not print', () => {
    const acme = config.storefronts['acme']
    expect(acme).toMatchObject({
      hosts: ['gw.acme.example'],
      origins: ['https://www.acme.example'],
      identity: [{ type: 'session', ttl: 3_600_000 }],
    })
    expect(acme?.identity[0]).toHaveProperty('secret', new Secret(env.SESSION_SECRET))
    expect(JSON.stringify(config)).not.toContain('ak_')
  })

  test('hands the provider what the provider’s own schema made of it', () => {
    expect(config.storefronts['acme']?.providers).toEqual({
      acmeapi: {
        environment: { name: 'production', origin: 'https://api.acmeapi.example' },
        team: 'blue',
        apiKey: new Secret(env.ACME_KEY),
        signingSecret: new Secret(env.ACME_SIGNING),
        retries: 0,
        verbose: false,
      },
    })
  })
})

test('a file that says everything is understood', () => {
  const config = parse(`
configVersion: 1
listen: { host: '::', port: 0, trustedProxies: [10.0.0.0/8, ::1] }
admin: { host: 0.0.0.0, port: 9000, token: \${env:OTHER_KEY} }
store: { type: memory }
workers: 1
shutdown: { wait: 0s, deadline: 500ms }
${minimal}        budget: off
    limits: off
`)
  expect(config.listen).toMatchObject({
    host: '::',
    port: 0,
    trustedProxies: ['10.0.0.0/8', '::1'],
  })
  expect(config.admin.token?.reveal()).toBe(env.OTHER_KEY)
  expect(config.shutdown).toEqual({ wait: 0, deadline: 500 })
  expect(config.storefronts['acme']?.providers['acmeapi']).not.toHaveProperty('budget')
})

describe('a reference', () => {
  test('may stand where a number or a truth value is needed', () => {
    const text = `listen: { port: "\${env:PORT}" }\n${minimal}        retries: \${env:RETRIES}\n        verbose: \${env:VERBOSE}\n`
    const config = parse(text, { PORT: '9443', RETRIES: '2', VERBOSE: 'true' })
    expect(config.listen.port).toBe(9443)
    expect(config.storefronts['acme']?.providers['acmeapi']).toMatchObject({
      retries: 2,
      verbose: true,
    })
  })

  test('that is no number there, or one out of bounds, is a mistake', () => {
    const text = `listen: { port: \${env:PORT} }\n${minimal}`
    expect(mistakesOf(() => parse(text, { PORT: 'http' }))).toEqual([
      'gatehouse.yaml:1:17 listen.port: must be a number, not text',
    ])
    expect(mistakesOf(() => parse(text, { PORT: '70000' }))).toEqual([
      'gatehouse.yaml:1:17 listen.port: must be at most 65535',
    ])
  })

  test('does not turn a key of digits into a number', () => {
    const config = parse(minimal, { ACME_KEY: '123456789012' })
    expect(config.storefronts['acme']?.providers['acmeapi']).toHaveProperty(
      'apiKey',
      new Secret('123456789012'),
    )
  })

  test('does not make a number of what was written as text', () => {
    expect(mistakesOf(() => parse(`listen: { port: '8080' }\n${minimal}`))).toEqual([
      'gatehouse.yaml:1:17 listen.port: must be a number, not text',
    ])
  })

  test('that leads nowhere is one mistake, not also what follows from it', () => {
    const text = minimal.replace('ACME_KEY', 'NOBODY').replace('[gw.acme.example]', '["${env:H}"]')
    expect(mistakesOf(() => parse(text))).toEqual([
      'gatehouse.yaml:3:13 storefronts.acme.hosts[0]: the environment variable H is not set',
      'gatehouse.yaml:11:17 storefronts.acme.providers.acmeapi.apiKey: the environment variable NOBODY is not set',
    ])
  })
})

describe('a file', () => {
  test('is found by its path, and its relative references by its folder', () => {
    const file = join(directory, 'gatehouse.yaml')
    writeFileSync(join(directory, 'key'), 'ak_from-a-file\n')
    writeFileSync(file, minimal.replace('${env:ACME_KEY}', '${file:key}'))
    const config = loadConfig(file, { providers, env })
    expect(config.storefronts['acme']?.providers['acmeapi']).toHaveProperty(
      'apiKey',
      new Secret('ak_from-a-file'),
    )
  })

  test('that cannot be read is one line', () => {
    const missing = join(directory, 'missing.yaml')
    writeFileSync(join(directory, 'empty.yaml'), '')
    writeFileSync(join(directory, 'binary.yaml'), new Uint8Array([0xff, 0xfe, 0x61]))
    const load = (file: string) => mistakesOf(() => loadConfig(file, { providers, env }))
    expect(load(missing)).toEqual([`${missing}:1:1 the file does not exist`])
    expect(load(directory)).toEqual([`${directory}:1:1 the file is a directory`])
    expect(load(join(directory, 'empty.yaml'))).toEqual([
      `${directory}/empty.yaml:1:1 the file is empty`,
    ])
    expect(load(join(directory, 'binary.yaml'))).toEqual([
      `${directory}/binary.yaml:1:1 the file is not UTF-8 text`,
    ])
  })

  test('takes its variables from the process when nobody says otherwise', () => {
    process.env['GATEHOUSE_TEST_TEAM'] = 'green'
    const text = minimal
      .replace('blue', '${env:GATEHOUSE_TEST_TEAM}')
      .replace(/\$\{env:(SESSION_SECRET|ACME_\w+)\}/g, (_all, name: keyof typeof env) => env[name])
    expect(parseConfig(text, { providers }).storefronts['acme']?.providers).toMatchObject({
      acmeapi: { team: 'green' },
    })
  })
})

test('all mistakes are told at once, in the order of the file', () => {
  const text = `
listne: {}
listen: { host: a b, port: 99999, tls: { cert: a } }
store: { type: redis, url: redis://localhost }
storefronts:
  acme:
    hosts: [GW.acme.example, gw.acme.example]
    hosts: [other.example]
    identity:
      - { type: jwt, issuer: x }
      - { type: session, secret: \${env:NOBODY}, ttl: 48h }
    providers:
      acmeapi: { enviroment: production, team: 1, apiKey: changeme, signingSecret: \${file:nowhere} }
  other: { hosts: [gw.acme.example], providers: {} }
`
  expect(mistakesOf(() => parse(text))).toEqual([
    'gatehouse.yaml:2:1 listne: is not a known key; did you mean listen?',
    'gatehouse.yaml:3:17 listen.host: must be an IP address or a host name, without a port',
    'gatehouse.yaml:3:28 listen.port: must be at most 65535',
    'gatehouse.yaml:3:35 listen.tls: is not available in this version',
    'gatehouse.yaml:4:16 store.type: is not available in this version',
    'gatehouse.yaml:8:5 storefronts.acme.hosts: is there twice',
    'gatehouse.yaml:10:9 storefronts.acme.identity[0].audience: is missing',
    'gatehouse.yaml:11:34 storefronts.acme.identity[1].secret: the environment variable NOBODY is not set',
    'gatehouse.yaml:11:54 storefronts.acme.identity[1].ttl: must be at most 24h',
    'gatehouse.yaml:13:7 storefronts.acme.providers.acmeapi.environment: is missing',
    'gatehouse.yaml:13:18 storefronts.acme.providers.acmeapi.enviroment: is not a known key; did you mean environment?',
    'gatehouse.yaml:13:48 storefronts.acme.providers.acmeapi.team: must be text, not a number: put it in quotes',
    'gatehouse.yaml:13:59 storefronts.acme.providers.acmeapi.apiKey: is a placeholder, not a secret',
    'gatehouse.yaml:13:84 storefronts.acme.providers.acmeapi.signingSecret: the file nowhere does not exist',
    'gatehouse.yaml:14:20 storefronts.other.hosts[0]: is listed twice; each host leads to one storefront',
    'gatehouse.yaml:14:49 storefronts.other.providers: needs at least one of acmeapi',
  ])
})
