import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { Problem } from '../problem.ts'
import type { Secret } from '../secret.ts'
import type { Identifier } from './identify.ts'

export interface ShopifyAppProxyOptions {
  /** `acme.myshopify.com`. */
  readonly shop: string
  /** The app's client secret. */
  readonly secret: Secret
  /** Any spelling of a customer id → the canonical one; throws where it is none. */
  readonly canonicalCustomer: (id: string) => string
  readonly clock: Clock
}

/** The parameters that Shopify adds to a call of its app proxy. */
const OWN = ['shop', 'path_prefix', 'timestamp', 'logged_in_customer_id'] as const
const SIGNATURE = 'signature'
const ADDED: ReadonlySet<string> = new Set([...OWN, SIGNATURE])

const OLDEST = 90_000
const SKEW = 60_000

interface Parameter {
  readonly name: string
  readonly value: string
  /** As it came. */
  readonly raw: string
}

const NONE: readonly Parameter[] = []

/**
 * Identifies shoppers of a Shopify store whose calls come through its app proxy: Shopify signs the
 * query and says who is logged in. Nothing else of the call is signed. A query with a `signature`
 * is this source's.
 */
export function createShopifyAppProxyIdentifier(options: ShopifyAppProxyOptions): Identifier {
  return (_proofs, { query }) => {
    const parameters = readParameters(query)
    if (!parameters.some(({ name }) => name === SIGNATURE)) return null

    const signed = readSigned(parameters)
    if (!isSigned(parameters, signed.signature, options.secret)) throw invalid()
    if (signed.shop !== options.shop) throw invalid('The call is for another shop.')
    checkAge(signed.timestamp, options.clock.now())
    const isAmbient = true
    if (signed.customer === '') return { kind: 'anonymous', channel: 'browser', isAmbient }
    return {
      kind: 'customer',
      channel: 'browser',
      customer: customerOf(signed.customer, options),
      expiresAt: Number(signed.timestamp) * 1000 + OLDEST,
      session: null,
      isAmbient,
    }
  }
}

/** The query without what Shopify added to it; unchanged where it is not signed. */
export function withoutAppProxy(query: string): string {
  const parameters = readParameters(query)
  if (!parameters.some(({ name }) => name === SIGNATURE)) return query
  return parameters
    .filter(({ name }) => !ADDED.has(name))
    .map(({ raw }) => raw)
    .join('&')
}

function readParameters(query: string): readonly Parameter[] {
  if (query === '') return NONE
  return query.split('&').map((raw) => {
    const [name = ''] = raw.split('=', 1)
    return { name: decode(name), value: decode(raw.slice(name.length + 1)), raw }
  })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new Problem('downstream/malformed', 'The query is not UTF-8.')
  }
}

function readSigned(parameters: readonly Parameter[]) {
  const single = (wanted: string): string => {
    const [found, ...more] = parameters.filter(({ name }) => name === wanted)
    if (found === undefined || more.length > 0) throw invalid()
    return found.value
  }
  refuseAmbiguous(parameters)
  return {
    signature: single(SIGNATURE),
    shop: single('shop'),
    timestamp: single('timestamp'),
    customer: single('logged_in_customer_id'),
    prefix: single('path_prefix'),
  }
}

/**
 * What is signed has nothing between the parameters: `k=` and `shop=x` sign like `k` with the value
 * `shop=x`. A caller who chose such a value, and learned its signature, could cut the text
 * elsewhere and be somebody else. So nothing that reads like one of Shopify's own parameters may
 * stand inside another one, and with ids of digits alone no other cut is left (threats T12).
 */
function refuseAmbiguous(parameters: readonly Parameter[]): void {
  for (const { name, value } of parameters) {
    if (readsLikeOwn(value) || (!ADDED.has(name) && readsLikeOwn(`${name}=`))) throw invalid()
  }
}

function readsLikeOwn(text: string): boolean {
  return OWN.some((own) => text.includes(`${own}=`))
}

function isSigned(parameters: readonly Parameter[], signature: string, secret: Secret): boolean {
  const given = /^[0-9a-f]{64}$/.test(signature) ? Buffer.from(signature, 'hex') : Buffer.alloc(32)
  // The documentation sorts the pairs, Shopify's own library the names: these differ where one name
  // begins another, and nobody says which of them the platform does.
  return [byPair, byName].some((order) => {
    const expected = createHmac('sha256', secret.reveal())
      .update(signedText(parameters, order))
      .digest()
    return timingSafeEqual(expected, given)
  })
}

type Pair = readonly [name: string, text: string]

/** `name=value,value`, decoded, sorted, concatenated without anything between. */
function signedText(
  parameters: readonly Parameter[],
  order: (one: Pair, other: Pair) => number,
): string {
  const signed = parameters.filter(({ name }) => name !== SIGNATURE)
  return [...Map.groupBy(signed, ({ name }) => name)]
    .map(([name, group]): Pair => [name, `${name}=${group.map(({ value }) => value).join(',')}`])
    .sort(order)
    .map(([, text]) => text)
    .join('')
}

function byPair([, one]: Pair, [, other]: Pair): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

function byName([one]: Pair, [other]: Pair): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

function checkAge(timestamp: string, now: number): void {
  const at = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1000 : NaN
  if (Number.isNaN(at) || at > now + SKEW) throw invalid()
  if (now - at > OLDEST) throw new Problem('identity/expired', 'The signed call is too old.')
}

function customerOf(id: string, { canonicalCustomer }: ShopifyAppProxyOptions): string {
  if (!/^\d{1,20}$/.test(id)) throw invalid()
  try {
    return canonicalCustomer(id)
  } catch {
    throw invalid()
  }
}

function invalid(detail = 'The signed query does not hold.'): Problem {
  return new Problem('identity/invalid', detail)
}
