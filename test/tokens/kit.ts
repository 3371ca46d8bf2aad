/** Small makers for the tests of this folder: one thing with sensible rest. */
import type {
  Credential,
  ExchangeAnswer,
  MintRequest,
  Send,
  Token,
  TokenKind,
  Upstream,
} from '../../src/provider.ts'
import type { Demand } from '../../src/tokens/authorize.ts'
import type { Entry } from '../../src/tokens/cache.ts'
import type { TokenTuple } from '../../src/tokens/key.ts'
import { fakeUpstream } from '../support/fake-upstream.ts'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

export function tupleOf(rest: Partial<TokenTuple> = {}): TokenTuple {
  return {
    provider: 'acmeapi',
    environment: 'production',
    storefront: 'acme',
    keyId: 'apiKey',
    keyFingerprint: '0123456789abcdef',
    namespace: 'acme',
    customer: '1001',
    kind: 'customer-token',
    ...rest,
  }
}

export function tokenOf(rest: Partial<Token> = {}): Token {
  return {
    value: 'token-1',
    issuedAt: 0,
    expiresAt: HOUR,
    refreshAt: 50 * MINUTE,
    account: 'account-1001',
    source: 'minted',
    ...rest,
  }
}

export function entryOf(rest: Partial<Entry> = {}): Entry {
  return {
    tuple: tupleOf(),
    token: tokenOf(),
    shouldRefreshAt: 50 * MINUTE,
    mustRefreshAt: 59 * MINUTE,
    epoch: 0,
    ...rest,
  }
}

export function upstreamOf(rest: Partial<Upstream> = {}): Upstream {
  return fakeUpstream(rest)
}

export function kindOf(rest: Partial<TokenKind> = {}): TokenKind {
  return {
    kind: 'customer-token',
    header: 'x-acme-token',
    per: 'customer',
    optional: false,
    jitter: 0,
    mint: () => tokenOf(),
    ...rest,
  }
}

export function credentialOf(id: string, rest: Partial<Credential> = {}): Credential {
  return {
    key: { id, fingerprint: `fingerprint-${id}` },
    headers: [['x-acme-key', `key-${id}`]],
    token: kindOf(),
    fallback: null,
    ...rest,
  }
}

export function demandOf(credential: Credential, rest: Partial<Demand> = {}): Demand {
  const upstream = upstreamOf()
  return { storefront: 'acme', upstream, credential, customer: '1001', isReplayable: true, ...rest }
}

/** Asks for the account where it is not known, and then makes tokens that tell their second. */
export async function mintByAccount({ account, now, send }: MintRequest): Promise<Token> {
  const answer = account === null ? await send({ method: 'GET', path: '/', headers: [] }) : null
  const known = account ?? answer?.body ?? ''
  const issuedAt = Math.floor(now / SECOND) * SECOND
  return {
    value: `${known} ${issuedAt}`,
    issuedAt,
    expiresAt: issuedAt + HOUR,
    refreshAt: issuedAt + 50 * MINUTE,
    account: known,
    source: answer === null ? 'minted' : 'exchanged',
  }
}

export function answerOf(body: string, rest: Partial<ExchangeAnswer> = {}): ExchangeAnswer {
  return { status: 200, headers: {}, body, ...rest }
}

/** A promise that the test settles. */
export function deferred<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  return { promise, resolve, reject }
}

export const noExchange: Send = () => {
  throw new Error('no exchange was expected')
}
