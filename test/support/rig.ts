/**
 * A whole gateway on real sockets, between test code and both emulators. Every flow test makes one.
 */
import { hash } from 'node:crypto'
import { Writable } from 'node:stream'
import { getGlobalDispatcher } from 'undici'
import { providers } from '../../providers/index.ts'
import { createNectorEmulator } from '../../sandbox/emulators/nector.ts'
import type { NectorEmulator, NectorOptions } from '../../sandbox/emulators/nector.ts'
import { createNeuroonEmulator } from '../../sandbox/emulators/neuroon.ts'
import type { NeuroonEmulator, NeuroonOptions } from '../../sandbox/emulators/neuroon.ts'
import type { Clock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config/load.ts'
import { startProcess } from '../../src/process.ts'
import type { GatewayProcess } from '../../src/process.ts'
import type { Secret } from '../../src/secret.ts'
import { watchEmissions } from './emissions.ts'
import { parseJson, textOf } from './json.ts'
import type { Json } from './json.ts'
import { expectNoLeaks, leaksIn, secretsIn } from './leaks.ts'

export const ORIGIN = 'https://www.acme.example'
export const SHOP_KEY = 'sk_00000000000000000000000000fa4e01'
export const STOREFRONT_KEY = 'ak_storefront_not-a-real-key_0001'
export const SERVER_KEY = 'ak_server_not-a-real-key_00000002'
export const WRITE_KEY = 'ak_write_not-a-real-key_000000003'
export const SIGNING_SECRET = 'nector_signing_secret_for-tests-only'
export const SESSION_SECRET = 'session_secret_for-tests-only_0123456789'

export const ALICE = {
  customer: '1001',
  id: 'aaaaaaaa-0000-4000-8000-000000001001',
  customerId: 'shopify-1001',
  name: 'Alice Adler',
  available: 320,
}
export const BOB = {
  customer: '1002',
  id: 'bbbbbbbb-0000-4000-8000-000000001002',
  customerId: 'shopify-1002',
  name: 'Bob Brandt',
  available: 45,
}

/** Service keys by what they may do. */
export const keys = {
  backend: 'gh_backend-for-tests-only',
  plugin: 'gh_plugin-for-tests-only',
  powerless: 'gh_powerless-for-tests-only',
}

export interface RigOptions {
  readonly clock?: Clock
  readonly nector?: Partial<NectorOptions>
  readonly neuroon?: Partial<NeuroonOptions>
  /** Replaces lines of the configuration before it is parsed. */
  readonly configure?: (yaml: string) => string
  readonly random?: () => number
}

export interface Rig {
  readonly url: string
  readonly gateway: GatewayProcess
  readonly neuroon: NeuroonEmulator
  readonly nector: NectorEmulator
  /** Everything the gateway has logged. */
  readonly log: () => string
  /** Every answer that `call` has had, for what has to hold of all of them. */
  readonly answers: readonly Answered[]
  call(path: string, options?: CallOptions): Promise<Answer>
  /** A gateway session for a customer, as the shop's backend asks for it. */
  session(customer: string): Promise<string>
  /** One line for each place in which a secret has come out so far. */
  leaks(): string[]
  /** Rejects where a secret has come out anywhere. */
  close(): Promise<void>
}

export interface CallOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** `Authorization: Bearer …`. */
  readonly as?: string
  /** Sent as JSON. */
  readonly json?: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The parsed body; fails where it is not JSON. */
  readonly json: Json
}

export interface Answered {
  readonly path: string
  readonly answer: Answer
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { clock } = options
  const now = () => clock?.now() ?? Date.now()
  const neuroon = createNeuroonEmulator({
    shops: [{ shopId: 'shop_abc', apiKey: SHOP_KEY, url: ORIGIN }],
    now,
    ...options.neuroon,
  })
  const nector = createNectorEmulator({
    keys: [
      { apiKey: STOREFRONT_KEY, access: 'STOREFRONT', signingSecret: SIGNING_SECRET },
      { apiKey: SERVER_KEY, access: 'SERVER' },
      { apiKey: WRITE_KEY, access: 'WRITE' },
    ],
    leads: [ALICE, BOB],
    now,
    ...options.nector,
  })
  const yaml = configYaml(await neuroon.listen(), await nector.listen())
  const config = parseConfig(options.configure?.(yaml) ?? yaml, { providers })
  const chunks: string[] = []
  const gateway = await startProcess({
    config,
    providers,
    logTo: new Writable({
      write(chunk, _encoding, done) {
        chunks.push(String(chunk))
        done()
      },
    }),
    ...(clock === undefined ? {} : { clock }),
    ...(options.random === undefined ? {} : { random: options.random }),
  })
  const emissions = watchEmissions()
  emissions.only([gateway.url, gateway.adminUrl])
  const secrets = { ...secretsIn(config), ...keys }
  const leaks = () => [
    ...leaksIn({ emissions, written: [{ place: 'the log', text: chunks.join('') }], secrets }),
    ...neuroon.leaks,
    ...nector.leaks,
  ]
  const answers: Answered[] = []
  const call = async (path: string, how: CallOptions = {}) => {
    const answer = await callGateway(gateway.url, path, how)
    answers.push({ path, answer })
    return answer
  }
  return {
    url: gateway.url,
    gateway,
    neuroon,
    nector,
    log: () => chunks.join(''),
    answers,
    call,
    async session(customer) {
      const answer = await call('/session', {
        method: 'POST',
        as: keys.backend,
        json: { customerId: customer },
      })
      return textOf(answer.json['token'])
    },
    leaks,
    async close() {
      await readPages(gateway.adminUrl, config.admin.token)
      await gateway.stop()
      await Promise.all([neuroon.close(), nector.close()])
      emissions.stop()
      expectNoLeaks(leaks())
    },
  }
}

/** The operator's pages are emitted as well, whether or not a test looks at them. */
async function readPages(adminUrl: string, token: Secret | null): Promise<void> {
  const headers = token === null ? {} : { authorization: `Bearer ${token.reveal()}` }
  for (const path of ['/metrics', '/status']) {
    // A gateway that a test has stopped emits nothing any more.
    const answer = await fetch(adminUrl + path, { headers }).catch(() => null)
    await answer?.text()
  }
}

async function callGateway(url: string, path: string, how: CallOptions): Promise<Answer> {
  const headers: Record<string, string> = { ...how.headers }
  if (how.as !== undefined) headers['authorization'] = `Bearer ${how.as}`
  if (how.json !== undefined) headers['content-type'] = 'application/json'
  // Not `request(url)`, which would tidy the path up before it is sent.
  const answer = await getGlobalDispatcher().request({
    origin: url,
    path,
    method: how.method ?? 'GET',
    headers,
    body: how.json === undefined ? (how.body ?? null) : JSON.stringify(how.json),
  })
  const text = await answer.body.text()
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    get json() {
      return parseJson(text)
    },
  }
}

function configYaml(neuroonUrl: string, nectorUrl: string): string {
  return `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
shutdown: { wait: 0s, deadline: 2s }
storefronts:
  acme:
    hosts: ['*']
    limits: off
    origins: [${ORIGIN}, 'capacitor://localhost']
    identity:
      - type: service-key
        keys:
          - { id: backend, sha256: ${sha256(keys.backend)}, scopes: [session, widget-token, "nector:read", "nector:write"] }
          - { id: plugin, sha256: ${sha256(keys.plugin)}, scopes: ["neuroon:plugin"] }
          - { id: powerless, sha256: ${sha256(keys.powerless)}, scopes: [] }
      - { type: session, secret: ${SESSION_SECRET}, ttl: 1h }
    providers:
      neuroon:
        environment: ${neuroonUrl}
        shopId: shop_abc
        budget: off
        apiKey: ${SHOP_KEY}
      nector:
        environment: ${nectorUrl}
        customer: shopify
        budget: off
        keys:
          storefront: { apiKey: ${STOREFRONT_KEY}, signingSecret: ${SIGNING_SECRET} }
          server: { apiKey: ${SERVER_KEY} }
          write: { apiKey: ${WRITE_KEY} }
`
}

function sha256(value: string): string {
  return hash('sha256', value, 'hex')
}
