/**
 * A provider that exists only in the simulator. Its tokens spell out for whom and what they were
 * made, all of it, so that the oracle can compare word by word. It has what the real ones have not:
 * two kinds of token for one shopper, two keys with one fingerprint, and a twin under another
 * provider id with the very same keys. It shows that the core keeps them apart on its own, as the
 * contract promises to any provider.
 */
import { Problem } from '../../src/problem.ts'
import { classifyByStatus, exchangeFailure, parseJson } from '../../src/provider.ts'
import type { Credential, MintRequest, Token, TokenKind, Upstream } from '../../src/provider.ts'

export const witnessIds = ['witness-one', 'witness-two'] as const
export const witnessRoutes = ['read:left', 'read:right', 'write:left'] as const

export interface WitnessConfig {
  readonly provider: string
  readonly storefront: string
  readonly environment: string
  readonly namespace: string
  /** Goes up when the key is rotated. */
  readonly version: number
}

/** What a token says about itself. */
export interface Testimony {
  readonly provider: string
  readonly storefront: string
  readonly environment: string
  readonly namespace: string
  readonly version: number
  readonly slot: string
  readonly kind: string
  readonly customer: string
  readonly account: string
  /** Epoch milliseconds on the upstream's clock. */
  readonly issuedAt: number
}

export const WITNESS_LIFETIME = 600_000

export function startWitness(config: WitnessConfig): Upstream {
  const credentials = new Map(
    witnessRoutes.map((route) => [route as string, credentialFor(config, route)]),
  )
  return {
    provider: config.provider,
    title: 'Witness',
    environment: config.environment,
    origin: `https://${config.provider}.${config.environment}.example`,
    egress: {},
    routes: [],
    endpoints: [],
    fixed: {},
    personal: [],
    allow: [],
    callerHeaders: {},
    passHeaders: [],
    headers: [],
    secrets: [],
    warnings: [],
    namespace: config.namespace,
    canonicalCustomer: (id) => id,
    wireCustomer: (customer) => customer,
    authorize({ route }) {
      const credential = credentials.get(route.credential)
      if (credential === undefined) throw new Error(`no such route: ${route.credential}`)
      return credential
    },
    classify: classifyByStatus,
    accountRefusal: { status: 422, isMeant: () => true },
  }
}

function credentialFor(config: WitnessConfig, route: string): Credential {
  const [kind = '', slot = ''] = route.split(':')
  const token: TokenKind = {
    kind,
    header: 'x-witness',
    per: 'customer',
    optional: false,
    jitter: 30_000,
    mint: (request) => testify(config, slot, kind, request),
  }
  const fingerprint = `version-${config.version}`
  return { key: { id: slot, fingerprint }, headers: [], token, fallback: null }
}

async function testify(
  config: WitnessConfig,
  slot: string,
  kind: string,
  { customer, account, now, send }: MintRequest,
): Promise<Token> {
  if (customer === null) throw new Problem('internal', 'A witness needs a customer.')
  const known = account ?? (await ask(customer, send))
  const issuedAt = Math.floor(now / 1000) * 1000
  const testimony: Testimony = { ...config, slot, kind, customer, account: known, issuedAt }
  return {
    value: Buffer.from(JSON.stringify(testimony)).toString('base64url'),
    issuedAt,
    expiresAt: issuedAt + WITNESS_LIFETIME,
    refreshAt: issuedAt + WITNESS_LIFETIME * 0.8,
    account: known,
    source: account === null ? 'exchanged' : 'minted',
  }
}

async function ask(customer: string, send: MintRequest['send']): Promise<string> {
  const answer = await send({ method: 'GET', path: `/accounts?customer=${customer}`, headers: [] })
  if (answer.status === 422) throw new Problem('tokens/customer-unknown', 'Nobody by that id.')
  const body = parseJson(answer.body) as { account?: unknown; customer?: unknown } | undefined
  if (answer.status !== 200 || typeof body?.account !== 'string') throw exchangeFailure(answer)
  if (body.customer !== undefined && body.customer !== customer) {
    throw new Problem('tokens/exchange-mismatch', 'Somebody else was answered for.')
  }
  return body.account
}

export function readTestimony(value: string): Testimony | null {
  const read = parseJson(Buffer.from(value, 'base64url').toString('utf8'))
  return typeof read === 'object' && read !== null ? (read as Testimony) : null
}
