/**
 * Nector, the loyalty programme: the shopper's own data with the STOREFRONT key and a lead token,
 * server reads with the SERVER key, changes with the WRITE key.
 *
 * The lead token is made here when the lead is known and traded for a digest when only the
 * customer is; one exchange teaches the lead, and from then on no look-up is needed (§2.5).
 */
import { hash } from 'node:crypto'
import { Problem } from '../../src/problem.ts'
import { classifyByStatus, withFallbacks } from '../../src/provider.ts'
import type {
  CallFacts,
  ConfiguredSecret,
  Credential,
  Headers,
  MintRequest,
  Provider,
  StartContext,
  Token,
  TokenKind,
  Upstream,
  Warning,
} from '../../src/provider.ts'
import type { Secret } from '../../src/secret.ts'
import { config } from './config.ts'
import type { NectorConfig } from './config.ts'
import { canonicalCustomer, prefixedCustomer } from './customer-id.ts'
import { exchangeLeadDigest, isLeadUnknown } from './lead-exchange.ts'
import {
  LEAD_TOKEN_JITTER,
  LEAD_TOKEN_LIFETIME,
  LEAD_TOKEN_REFRESH,
  mintLeadToken,
} from './lead-token.ts'
import { personal, quota, READ_SCOPE, routes, TRIGGERS, WRITE_SCOPE, writeRoute } from './routes.ts'

export const nector: Provider<NectorConfig> = {
  id: 'nector',
  title: 'Nector',
  config,
  mounts: ['/api/v2/merchant/'],
  scopes: [READ_SCOPE, WRITE_SCOPE],
  start,
}

const sources = ['web', 'mobile'] as const
type Source = (typeof sources)[number]

function start(config: NectorConfig, _context: StartContext): Upstream {
  const credentials = {
    web: credentialsFor(config, 'web'),
    mobile: credentialsFor(config, 'mobile'),
  }
  return {
    provider: nector.id,
    title: nector.title,
    environment: config.environment.name,
    origin: config.environment.origin,
    egress: config.upstream,
    routes: routes(config.routes),
    endpoints: [],
    fixed: {},
    personal,
    allow: config.allow.map(writeRoute),
    choices: { [TRIGGERS]: config.triggers },
    callerHeaders: { 'x-source': { values: sources, default: 'web' } },
    passHeaders: [],
    headers: [],
    secrets: secrets(config),
    warnings: warnings(config),
    namespace: config.customer,
    canonicalCustomer: (id) => canonicalCustomer(config.customer, id),
    wireCustomer: (customer) => prefixedCustomer(config.customer, customer),
    authorize: (call) =>
      choose(credentials[call.headers['x-source'] === 'mobile' ? 'mobile' : 'web'], call),
    classify: classifyByStatus,
    accountRefusal: { status: 422, isMeant: isLeadUnknown },
  }
}

/** One credential for each key class, all headers ready. */
interface Credentials {
  readonly shopper: Credential
  readonly content: Credential
  readonly server: Credential | null
  readonly write: Credential | null
}

function choose(credentials: Credentials, call: CallFacts): Credential {
  if (call.route.credential === 'content') return credentials.content
  if (call.customer !== null) return credentials.shopper
  const { server, write } = credentials
  return call.route.credential === 'write' ? need(write, 'write') : need(server, 'server')
}

function need(credential: Credential | null, name: string): Credential {
  if (credential !== null) return credential
  throw new Problem(
    'policy/channel-not-allowed',
    `The storefront has no Nector key for this: configure keys.${name}.`,
  )
}

function credentialsFor(config: NectorConfig, source: Source): Credentials {
  const { storefront, server, write } = config.keys
  const key = (id: string, apiKey: Secret) => keyCredential(config, source, id, apiKey)
  const storefrontKey = key('storefront', storefront.apiKey)
  const serverKey = server ? key('server', server.apiKey) : null
  return {
    shopper: withLeadToken(config, storefrontKey, false),
    // A SERVER key needs no lead; with a STOREFRONT key the token goes along where it costs nothing.
    content: serverKey ?? withLeadToken(config, storefrontKey, true),
    server: serverKey,
    write: write ? key('write', write.apiKey) : null,
  }
}

function keyCredential(
  config: NectorConfig,
  source: Source,
  id: string,
  apiKey: Secret,
): Credential {
  const workspace: Headers = config.workspaceId ? [['x-workspaceid', config.workspaceId]] : []
  return {
    key: { id, fingerprint: apiKey.fingerprint },
    headers: [['x-apikey', apiKey.reveal()], ['x-source', source], ...workspace],
    token: null,
    fallback: null,
  }
}

/** With the signing secret, and during a rotation with the one before it to fall back on. */
function withLeadToken(
  config: NectorConfig,
  credential: Credential,
  optional: boolean,
): Credential {
  const { signingSecret, previousSigningSecret } = config.keys.storefront
  const current = leadTokenCredential(config, credential, signingSecret, optional)
  if (previousSigningSecret === undefined) return current
  const { key } = credential
  const previous = { ...credential, key: { ...key, id: `${key.id} (previous)` } }
  return withFallbacks([
    current,
    leadTokenCredential(config, previous, previousSigningSecret, optional),
  ])
}

function leadTokenCredential(
  config: NectorConfig,
  credential: Credential,
  secret: Secret,
  optional: boolean,
): Credential {
  const { key, headers } = credential
  // A token of either an old key or an old secret must never be found under the new one.
  const material = key.fingerprint + secret.fingerprint
  const fingerprint = hash('sha256', material, 'hex').slice(0, 16)
  const token: TokenKind = {
    kind: 'lead-token',
    header: 'x-leadtoken',
    per: 'customer',
    optional,
    // An exchange is a call like any other, and Nector counts by the API key alone.
    quota,
    countedBy: key.fingerprint,
    jitter: LEAD_TOKEN_JITTER,
    mint: (request) => makeLeadToken(config, secret, headers, request),
  }
  return { ...credential, key: { id: key.id, fingerprint }, token }
}

/** Path A where the lead is known, path B where only the customer is. */
async function makeLeadToken(
  config: NectorConfig,
  secret: Secret,
  headers: Headers,
  { customer, account, now, send }: MintRequest,
): Promise<Token> {
  if (account !== null) return mintForLead(account, secret, now)
  if (customer === null) throw new Problem('internal', 'A lead token needs a customer.')
  const { signingSecret, previousSigningSecret } = config.keys.storefront
  const others = [signingSecret, previousSigningSecret].filter((other) => other !== undefined)
  return exchangeLeadDigest({
    customer,
    namespace: config.customer,
    digestId: config.digestId,
    secret,
    // Nector may sign with either while both are live.
    trusted: config.leadToken === 'jwt' ? others : null,
    headers,
    send,
    now,
  })
}

async function mintForLead(leadId: string, secret: Secret, now: number): Promise<Token> {
  const issuedAt = Math.floor(now / 1000) * 1000
  return {
    value: await mintLeadToken(leadId, secret, issuedAt),
    issuedAt,
    expiresAt: issuedAt + LEAD_TOKEN_LIFETIME,
    refreshAt: issuedAt + LEAD_TOKEN_REFRESH,
    account: leadId,
    source: 'minted',
  }
}

function secrets(config: NectorConfig): readonly ConfiguredSecret[] {
  const { storefront, server, write } = config.keys
  const environment = config.environment.name
  const secret = (key: string, name: string, value: Secret): ConfiguredSecret => ({
    path: ['keys', key, name],
    value,
    purpose: `${key} ${name.replace('previousSigningSecret', 'signingSecret')}`,
    environment,
  })
  return [
    secret('storefront', 'apiKey', storefront.apiKey),
    secret('storefront', 'signingSecret', storefront.signingSecret),
    ...(storefront.previousSigningSecret
      ? [secret('storefront', 'previousSigningSecret', storefront.previousSigningSecret)]
      : []),
    ...(server ? [secret('server', 'apiKey', server.apiKey)] : []),
    ...(write ? [secret('write', 'apiKey', write.apiKey)] : []),
  ]
}

function warnings(config: NectorConfig): readonly Warning[] {
  const unset = 'is not set; if Nector answers 401, this is one of the first things to try'
  return [
    ...(config.workspaceId === undefined ? [{ path: ['workspaceId'], message: unset }] : []),
    ...triggerWarnings(config),
  ]
}

function triggerWarnings({ allow, triggers }: NectorConfig): readonly Warning[] {
  const isOpen = allow.includes('POST /activities')
  if (isOpen === triggers.length > 0) return []
  return isOpen
    ? [{ path: ['allow'], message: 'opens POST /activities, but no trigger is listed' }]
    : [{ path: ['triggers'], message: 'says nothing while POST /activities is not allowed' }]
}
