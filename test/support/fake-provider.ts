/**
 * A third provider that exists only in tests: whatever the core does must work with it as well.
 *
 * `acmeapi` has one route of each kind. Anybody may search; a shopper reads their own points, with
 * a token of their own; a server makes orders, with a scope. A shopper's token is signed here once
 * the account is known, which one exchange tells.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '../../src/problem.ts'
import {
  classifyByStatus,
  environmentSchema,
  exchangeFailure,
  parseJson,
} from '../../src/provider.ts'
import type {
  Credential,
  MintRequest,
  Provider,
  Route,
  StartContext,
  Token,
  TokenKind,
  Upstream,
} from '../../src/provider.ts'
import { secretSchema } from '../../src/secret.ts'
import type { Secret } from '../../src/secret.ts'

const MINUTE = 60_000

export const ORDERS_SCOPE = 'acmeapi:orders'

const config = z.strictObject({
  environment: environmentSchema({
    production: 'https://api.acmeapi.example',
    staging: 'https://staging.acmeapi.example',
  }),
  team: z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be lower-case letters, digits and dashes'),
  apiKey: secretSchema,
  signingSecret: secretSchema,
  retries: z.int().min(0).max(3).default(0),
  verbose: z.boolean().default(false),
})

export type FakeConfig = z.infer<typeof config>

export const fakeProvider: Provider<FakeConfig> = {
  id: 'acmeapi',
  title: 'Acme API',
  config,
  mounts: ['/v1/'],
  scopes: [ORDERS_SCOPE],
  start,
}

const search: Route = {
  method: 'GET',
  path: '/v1/search',
  callers: { anonymous: true },
  family: 'search',
  credential: 'key',
  bind: [],
  query: 'any',
  content: true,
  quota: { calls: 100, per: MINUTE },
}

const points: Route = {
  method: 'GET',
  path: '/v1/customers/:customerId/points',
  callers: { customer: 'read' },
  family: 'points',
  credential: 'token',
  bind: [{ in: 'path', name: 'customerId', to: 'customer', self: 'me' }],
  query: ['limit'],
}

const orders: Route = {
  method: 'POST',
  path: '/v1/teams/:team/orders',
  callers: { service: ORDERS_SCOPE },
  family: 'orders',
  credential: 'key',
  bind: [{ in: 'path', name: 'team', to: 'fixed' }],
  query: [],
  body: { type: 'json', maxBytes: 1024, maxItems: { field: 'lines', count: 3 } },
}

export const fakeRoutes: readonly Route[] = [search, points, orders]

function start(config: FakeConfig, _context: StartContext): Upstream {
  const key = keyCredential(config)
  const token: Credential = {
    ...key,
    // A token of the old signing secret must never be found under the new one.
    key: { id: 'apiKey', fingerprint: key.key.fingerprint + config.signingSecret.fingerprint },
    token: customerToken(config),
  }
  const environment = config.environment.name
  return {
    provider: fakeProvider.id,
    title: fakeProvider.title,
    environment,
    origin: config.environment.origin,
    egress: {},
    routes: fakeRoutes,
    endpoints: [],
    fixed: { team: config.team },
    personal: ['customerId', 'email'],
    allow: [],
    callerHeaders: { 'x-acme-client': { values: ['web', 'app'], default: 'web' } },
    passHeaders: ['x-acme-trace'],
    headers: [['x-acme-team', config.team]],
    secrets: [
      { path: ['apiKey'], value: config.apiKey, purpose: 'key', environment },
      { path: ['signingSecret'], value: config.signingSecret, purpose: 'signing', environment },
    ],
    warnings:
      environment === 'staging'
        ? [{ path: ['environment'], message: 'is staging: its data is wiped every night' }]
        : [],
    namespace: 'acme',
    canonicalCustomer: (id) => id.replace(/^(?:acme-)+/, ''),
    wireCustomer: (customer) => `acme-${customer}`,
    authorize: (call) => (call.route.credential === 'token' ? token : key),
    classify: classifyByStatus,
    accountRefusal: null,
  }
}

function keyCredential({ apiKey }: FakeConfig): Credential {
  return {
    key: { id: 'apiKey', fingerprint: apiKey.fingerprint },
    headers: [['x-acme-key', apiKey.reveal()]],
    token: null,
    fallback: null,
  }
}

function customerToken(config: FakeConfig): TokenKind {
  return {
    kind: 'customer-token',
    header: 'x-acme-token',
    per: 'customer',
    optional: false,
    jitter: MINUTE,
    mint: (request) =>
      request.account === null
        ? exchange(config, request)
        : mintFakeToken(config.signingSecret, request.account, request.now),
  }
}

async function exchange(config: FakeConfig, { customer, now, send }: MintRequest): Promise<Token> {
  const answer = await send({
    method: 'GET',
    path: `/v1/accounts?customer=acme-${customer}`,
    headers: keyCredential(config).headers,
  })
  if (answer.status === 404) throw new Problem('tokens/customer-unknown', 'Nobody by that id.')
  const { data } = z.object({ account: z.string() }).safeParse(parseJson(answer.body))
  if (answer.status !== 200 || data === undefined) throw exchangeFailure(answer)
  return { ...mintFakeToken(config.signingSecret, data.account, now), source: 'exchanged' }
}

/** `<account>.<unix seconds>.<hex of HMAC-SHA256 over both>`, good for an hour. */
export function mintFakeToken(secret: Secret, account: string, now: number): Token {
  const seconds = Math.floor(now / 1000)
  const issuedAt = seconds * 1000
  return {
    value: `${account}.${seconds}.${signature(secret, account, seconds)}`,
    issuedAt,
    expiresAt: issuedAt + 60 * MINUTE,
    refreshAt: issuedAt + 50 * MINUTE,
    account,
    source: 'minted',
  }
}

/** The account that a token proves, as the upstream would check it; null where it proves nothing. */
export function readFakeToken(secret: Secret, value: string, now: number): string | null {
  const [account = '', seconds = '', given = ''] = value.split('.')
  const expected = Buffer.from(signature(secret, account, Number(seconds)))
  const received = Buffer.from(given)
  const isSigned = expected.length === received.length && timingSafeEqual(expected, received)
  const age = now - Number(seconds) * 1000
  return isSigned && age >= 0 && age < 60 * MINUTE ? account : null
}

function signature(secret: Secret, account: string, seconds: number): string {
  return createHmac('sha256', secret.reveal()).update(`${account}.${seconds}`).digest('hex')
}
