import type { Clock } from '../clock.ts'
import type {
  ForwardAuthIdentity,
  IdentityConfig,
  JwtIdentity,
  SessionIdentity,
  ShopifySessionTokenIdentity,
} from '../config/config.ts'
import { createForwardAuthIdentifier } from './forward-auth.ts'
import type { Identifier } from './identify.ts'
import { createJwtIdentifier } from './jwt.ts'
import { createFixedKeys, createRemoteKeys } from './key-source.ts'
import type { KeySource } from './key-source.ts'
import { askOutside } from './outside.ts'
import type { AskOutside } from './outside.ts'
import type { Revocations } from './revocations.ts'
import { createServiceKeyIdentifier } from './service-key.ts'
import { createSessions } from './session.ts'
import type { OnSecretUsed, Sessions } from './session.ts'
import { createShopifyAppProxyIdentifier } from './shopify-app-proxy.ts'
import { issuerPolicy, shopifySessionTokenPolicy } from './token-policy.ts'
import { readVerificationKey, sharedKey } from './verification-key.ts'

/** What the identity sources of one storefront are made of. */
export interface SourceParts {
  readonly storefront: string
  readonly environment: string
  readonly canonicalCustomer: (id: string) => string
  readonly revocations: Revocations
  readonly clock: Clock
  /** How questions leave; tests answer them themselves. */
  readonly ask?: AskOutside
  /** For metrics: which secret of the sessions is in use. */
  readonly onSecretUsed?: OnSecretUsed | undefined
}

export interface Sources {
  readonly identifiers: readonly Identifier[]
  /** Null where the storefront has no sessions. */
  readonly sessions: Sessions | null
}

/** What a storefront configures under `identity`, ready to be asked. */
export function createSources(configs: readonly IdentityConfig[], parts: SourceParts): Sources {
  const config = configs.find((source) => source.type === 'session')
  const sessions = config === undefined ? null : sessionsOf(config, parts)
  const identifiers = configs.flatMap((source) =>
    source.type === 'session' ? sessionIdentifiers(sessions) : [identifierOf(source, parts)],
  )
  return { identifiers, sessions }
}

function sessionsOf(config: SessionIdentity, parts: SourceParts): Sessions {
  const { secret, previousSecret = null, ttl } = config
  return createSessions({ ...parts, secret, previousSecret, ttl })
}

function sessionIdentifiers(sessions: Sessions | null): Identifier[] {
  return sessions === null ? [] : [sessions.identify, sessions.identifyCookie]
}

function identifierOf(
  source: Exclude<IdentityConfig, SessionIdentity>,
  parts: SourceParts,
): Identifier {
  const { clock, canonicalCustomer } = parts
  switch (source.type) {
    case 'service-key':
      return createServiceKeyIdentifier(source.keys)
    case 'shopify-app-proxy':
      return createShopifyAppProxyIdentifier({ ...source, canonicalCustomer, clock })
    case 'forward-auth':
      return forwardAuthOf(source, parts)
    default:
      return jwtOf(source, parts)
  }
}

/** Both kinds of token: a shop's own log-in, and the preset for Shopify's extensions. */
function jwtOf(source: JwtIdentity | ShopifySessionTokenIdentity, parts: SourceParts): Identifier {
  const { clock, canonicalCustomer } = parts
  if (source.type === 'jwt') {
    const policy = issuerPolicy({ ...source, canonicalCustomer })
    const cookie = source.cookie ?? null
    return createJwtIdentifier({ policy, keys: keysOf(source, parts), cookie, clock })
  }
  const policy = shopifySessionTokenPolicy({ ...source, canonicalCustomer })
  const keys = createFixedKeys([sharedKey(source.secret.reveal())])
  return createJwtIdentifier({ policy, keys, cookie: null, clock })
}

function keysOf(source: JwtIdentity, { clock, ask = askOutside }: SourceParts): KeySource {
  if (source.jwks !== undefined) return createRemoteKeys(source.jwks, ask, clock)
  if (source.secret !== undefined) return createFixedKeys([sharedKey(source.secret.reveal())])
  const keys = (source.keys ?? []).map(readVerificationKey).filter((key) => key !== null)
  return createFixedKeys(keys)
}

function forwardAuthOf(
  { url, cookie, header, idHeader }: ForwardAuthIdentity,
  { storefront, canonicalCustomer, clock, ask = askOutside }: SourceParts,
): Identifier {
  const proof = cookie === undefined ? { header: header ?? '' } : { cookie }
  return createForwardAuthIdentifier({
    storefront,
    url,
    proof,
    idHeader,
    canonicalCustomer,
    ask,
    clock,
  })
}
