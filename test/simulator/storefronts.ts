/** The shops of the simulation, and the real providers started for them. */
import { nector } from '../../providers/nector/index.ts'
import { neuroon } from '../../providers/neuroon/index.ts'
import type { Credential, TokenKind, Upstream } from '../../src/provider.ts'
import type { Settings, Truth, Place } from './truth.ts'
import { startWitness, witnessIds } from './witness-provider.ts'

const NORTH_SECRET = 'north-signing-secret-0001'
const WEST_SECRET = 'west-signing-secret-0001'

/**
 * Chosen so that whatever tells two tokens apart is at some place the only thing that does: two
 * shops with one workspace, one shop under two names, the same customer ids everywhere.
 */
export function firstSettings(): Settings[] {
  const witness = { environment: 'blue', namespace: 'members', version: 1 }
  const base = {
    origin: 'https://nector-blue.example',
    namespace: 'shopify' as const,
    serverKey: null,
    previousSecret: null,
  }
  const north = { ...base, apiKey: 'ak_north_00000001', secret: NORTH_SECRET }
  const west = { ...base, apiKey: 'ak_west_00000001', secret: WEST_SECRET }
  const shop = { previousApiKey: null, mode: 'local' as const }
  return [
    {
      storefront: 'north',
      nector: { ...north, leadToken: 'jwt' },
      neuroon: { ...shop, shopId: 'shop_north', apiKey: 'sk_north_00000001' },
      witness,
    },
    {
      storefront: 'north-outlet',
      nector: { ...north, leadToken: 'jwt', serverKey: 'ak_north_server_1' },
      neuroon: { ...shop, shopId: 'shop_north', apiKey: 'sk_north_00000001' },
      witness,
    },
    {
      storefront: 'south',
      nector: {
        ...north,
        namespace: 'woocommerce',
        apiKey: 'ak_south_00000001',
        secret: 'south-signing-secret-0001',
        leadToken: 'jwt',
      },
      neuroon: { ...shop, shopId: 'shop_south', apiKey: 'sk_south_00000001', mode: 'issue' },
      witness,
    },
    {
      storefront: 'west',
      nector: { ...west, leadToken: 'opaque' },
      neuroon: {
        ...shop,
        shopId: 'shop_west',
        apiKey: 'sk_west_00000001',
        mode: 'local-then-issue',
      },
      witness,
    },
    {
      storefront: 'west-outlet',
      nector: { ...west, leadToken: 'opaque' },
      neuroon: { ...shop, shopId: 'shop_west_2', apiKey: 'sk_west_00000002' },
      witness,
    },
  ]
}

export const providerIds = ['nector', 'neuroon', ...witnessIds] as const

export type Vendor = 'nector' | 'neuroon' | 'witness'

/** The newest first. */
export function configuredKeys({ nector, neuroon, witness }: Settings, vendor: Vendor): string[] {
  const { secret, previousSecret } = nector
  const { apiKey, previousApiKey } = neuroon
  if (vendor === 'witness') return [String(witness.version)]
  const keys = vendor === 'nector' ? [secret, previousSecret] : [apiKey, previousApiKey]
  return keys.filter((key) => key !== null)
}

/** Where the calls of a storefront really go. */
export function placeOf(truth: Truth, settings: Settings, provider: string): Place {
  const vendor = provider === 'nector' || provider === 'neuroon' ? provider : 'witness'
  const keys = configuredKeys(settings, vendor)
  const place = truth.place(placeName(settings, provider), keys[0] ?? '')
  for (const key of keys) remember(place, key)
  return place
}

function placeName({ nector, neuroon, witness, storefront }: Settings, provider: string): string {
  if (provider === 'nector') return `${nector.origin} ${nector.apiKey}`
  if (provider === 'neuroon') return neuroon.shopId
  return [provider, witness.environment, witness.namespace, storefront].join(' ')
}

/** So that the signer of a token can be named, as long as one may still turn up. */
function remember({ ever, live }: Place, key: string): void {
  if (ever.has(key)) return
  ever.add(key)
  const [oldest] = ever
  if (ever.size > 20 && oldest !== undefined && !live.has(oldest)) ever.delete(oldest)
}

/** Sees every making of a token. */
export type WatchMint = (
  kind: TokenKind,
  credential: Credential,
  upstream: Upstream,
) => TokenKind['mint']

export function startUpstream(settings: Settings, provider: string, watch: WatchMint): Upstream {
  const upstream = startPlain(settings, provider)
  const watched = new WeakMap<Credential, Credential>()
  const wrap = (credential: Credential): Credential => {
    const known = watched.get(credential)
    if (known !== undefined) return known
    const { token, fallback } = credential
    const wrapped = {
      ...credential,
      token: token === null ? null : { ...token, mint: watch(token, credential, upstream) },
      fallback: fallback === null ? null : wrap(fallback),
    }
    watched.set(credential, wrapped)
    return wrapped
  }
  return { ...upstream, authorize: (facts) => wrap(upstream.authorize(facts)) }
}

function startPlain(settings: Settings, provider: string): Upstream {
  const context = { storefront: settings.storefront, origins: [] }
  if (provider === 'neuroon') return neuroon.start(neuroonConfig(settings), context)
  if (provider === 'nector') return nector.start(nectorConfig(settings), context)
  return startWitness({ provider, storefront: settings.storefront, ...settings.witness })
}

function neuroonConfig({ neuroon: { shopId, apiKey, previousApiKey, mode } }: Settings) {
  return neuroon.config.parse({
    environment: 'production',
    shopId,
    apiKey,
    ...(previousApiKey === null ? {} : { previousApiKey }),
    widgetToken: { mode },
  })
}

function nectorConfig({ nector: settings }: Settings) {
  const { origin, namespace, apiKey, serverKey, secret, previousSecret, leadToken } = settings
  const previous = previousSecret === null ? {} : { previousSigningSecret: previousSecret }
  return nector.config.parse({
    environment: origin,
    customer: namespace,
    leadToken,
    keys: {
      storefront: { apiKey, signingSecret: secret, ...previous },
      ...(serverKey === null ? {} : { server: { apiKey: serverKey } }),
    },
  })
}
