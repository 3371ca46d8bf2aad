/**
 * Neuroon, the product search: `/api/widget/*` for pages, with a short-lived widget token that the
 * gateway keeps fresh, and `/api/plugin/*` for the shop's own servers, with the shop key.
 *
 * Origin is checked by the gateway's own exact list and not passed on: Neuroon's suffix match would
 * break staging pages and app web views (wire facts §1.4).
 */
import type {
  Credential,
  Endpoint,
  Provider,
  StartContext,
  Token,
  TokenKind,
  Upstream,
} from '../../src/provider.ts'
import { classifyByStatus, withFallbacks } from '../../src/provider.ts'
import type { Secret } from '../../src/secret.ts'
import { config } from './config.ts'
import type { NeuroonConfig } from './config.ts'
import { issueWidgetToken } from './issue-widget-token.ts'
import { PLUGIN_SCOPE, routes } from './routes.ts'
import {
  mintWidgetToken,
  readWidgetToken,
  WIDGET_TOKEN_LIFETIME,
  WIDGET_TOKEN_REFRESH,
} from './widget-token.ts'

const MINUTE = 60_000

export const neuroon: Provider<NeuroonConfig> = {
  id: 'neuroon',
  title: 'Neuroon',
  config,
  mounts: ['/api/widget/', '/api/plugin/'],
  scopes: [PLUGIN_SCOPE, 'widget-token'],
  start,
}

function start(config: NeuroonConfig, context: StartContext): Upstream {
  const widgetToken = widgetTokenCredential(config)
  const shopKey = shopKeyCredential(config)

  return {
    provider: neuroon.id,
    title: neuroon.title,
    environment: config.environment.name,
    origin: config.environment.origin,
    egress: {},
    routes,
    endpoints: [widgetTokenEndpoint(config, widgetToken)],
    fixed: { shopId: config.shopId },
    personal: [],
    allow: [],
    callerHeaders: {},
    passHeaders: ['x-idempotency-key'],
    headers: originHeader(config, context),
    secrets: secrets(config),
    warnings: warnings(config, context),
    namespace: '',
    canonicalCustomer: (id) => id,
    wireCustomer: (customer) => customer,
    authorize: (call) => (call.route.credential === 'shop-key' ? shopKey : widgetToken),
    classify: classifyByStatus,
    accountRefusal: null,
  }
}

function originHeader(config: NeuroonConfig, context: StartContext): Upstream['headers'] {
  const [origin] = context.origins
  return config.origin === 'shop-url' && origin !== undefined ? [['origin', origin]] : []
}

function warnings(config: NeuroonConfig, context: StartContext): Upstream['warnings'] {
  if (config.origin !== 'shop-url' || context.origins.length > 0) return []
  return [{ path: ['origin'], message: 'there is no listed origin to send, so none is sent' }]
}

/** The shop key, and during a rotation the one before it. */
interface ShopKey {
  readonly id: 'apiKey' | 'previousApiKey'
  readonly value: Secret
}

function shopKeys({ apiKey, previousApiKey }: NeuroonConfig): readonly [ShopKey, ...ShopKey[]] {
  const current: ShopKey = { id: 'apiKey', value: apiKey }
  if (previousApiKey === undefined) return [current]
  return [current, { id: 'previousApiKey', value: previousApiKey }]
}

function secrets(config: NeuroonConfig): Upstream['secrets'] {
  return shopKeys(config).map(({ id, value }) => ({
    path: [id],
    value,
    purpose: 'shop key',
    environment: config.environment.name,
  }))
}

function shopKeyCredential(config: NeuroonConfig): Credential {
  return withFallbacks(
    shopKeys(config).map((key) => ({
      key: { id: key.id, fingerprint: key.value.fingerprint },
      headers: [['x-shop-api-key', key.value.reveal()]],
      token: null,
      fallback: null,
    })),
  )
}

function widgetTokenCredential(config: NeuroonConfig): Credential {
  return withFallbacks(shopKeys(config).flatMap((key) => waysToToken(config, key)))
}

/** `local-then-issue` is the local token with the issued one to fall back on. */
function waysToToken(config: NeuroonConfig, key: ShopKey): readonly Credential[] {
  const local = tokenCredential(key, 'widget-token', ({ now }) => mintLocally(config, key, now))
  const issued = tokenCredential(key, 'issued-widget-token', ({ send, now }) =>
    issueWidgetToken(config.shopId, key.value, send, now),
  )
  const ways = { local: [local], issue: [issued], 'local-then-issue': [local, issued] }
  return ways[config.widgetToken.mode]
}

function tokenCredential(key: ShopKey, kind: string, mint: TokenKind['mint']): Credential {
  return {
    key: { id: key.id, fingerprint: key.value.fingerprint },
    headers: [],
    token: {
      kind,
      header: 'x-widget-token',
      per: 'storefront',
      optional: false,
      jitter: 10 * MINUTE,
      mint,
    },
    fallback: null,
  }
}

function mintLocally({ shopId }: NeuroonConfig, key: ShopKey, now: number): Token {
  const issuedAt = Math.floor(now / 1000) * 1000
  return {
    value: mintWidgetToken(shopId, key.value, issuedAt),
    issuedAt,
    expiresAt: issuedAt + WIDGET_TOKEN_LIFETIME,
    refreshAt: issuedAt + WIDGET_TOKEN_REFRESH,
    account: null,
    source: 'minted',
  }
}

/** `GET /widget-token`: for pages rendered by the shop's server, which put it into the tag. */
function widgetTokenEndpoint(config: NeuroonConfig, credential: Credential): Endpoint {
  const { browser } = config.widgetToken
  return {
    method: 'GET',
    path: '/widget-token',
    callers: browser ? { browser: true, service: 'widget-token' } : { service: 'widget-token' },
    limit: browser ? { calls: 10, per: MINUTE } : null,
    credential,
    respond: describeWidgetToken,
  }
}

/** The second inside the token counts, not the moment of the call. */
function describeWidgetToken(token: Token): object {
  const issuedAt = readWidgetToken(token.value)?.issuedAt ?? token.issuedAt
  return {
    token: token.value,
    issuedAt: new Date(issuedAt).toISOString(),
    expiresAt: new Date(issuedAt + WIDGET_TOKEN_LIFETIME).toISOString(),
    refreshAt: new Date(issuedAt + WIDGET_TOKEN_REFRESH).toISOString(),
  }
}
