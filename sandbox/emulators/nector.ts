/**
 * An emulator of Nector's merchant API and of its checkout webhook: every check of the real one in
 * its order, over leads whose coins really move. It decides by itself what a good digest or lead
 * token is and shares no code with the gateway. Tests and `npm run sandbox` start it; nothing in it
 * is for production.
 */
import { holds, placesIn } from './call.ts'
import type { Answer, Call } from './call.ts'
import { createEmulator } from './emulator.ts'
import type { Emulator } from './emulator.ts'
import { createFaults } from './faults.ts'
import { readObject } from './json.ts'
import { createCheckout } from './nector/checkout.ts'
import { findLead } from './nector/customer.ts'
import { demoQuestions, demoReviews } from './nector/demo-content.ts'
import { createLeadBook } from './nector/lead-book.ts'
import { digestFault } from './nector/lead-proof.ts'
import { createLeadTokens } from './nector/lead-tokens.ts'
import type { Swapped } from './nector/lead-tokens.ts'
import type { Lead, LeadSeed } from './nector/lead.ts'
import { isOwn, namedIds } from './nector/named-ids.ts'
import { Refusal, answerToRefusal } from './nector/refusal.ts'
import { furtherRoute, merchantRoutes } from './nector/routes.ts'
import type { FurtherRead, MerchantRoute } from './nector/routes.ts'
import { isUuidV4 } from './nector/uuid.ts'
import { existing, writeKeyNeeded } from './nector/visit.ts'
import type { Visit } from './nector/visit.ts'
import { createQuota } from './quota.ts'
import { findRoute } from './route.ts'

export type { FurtherRead } from './nector/routes.ts'
export type { LeadSeed } from './nector/lead.ts'

export interface NectorKey {
  readonly apiKey: string
  /** READ keys are SERVER or STOREFRONT. */
  readonly access: 'SERVER' | 'STOREFRONT' | 'WRITE'
  readonly signingSecret?: string
  /** Addresses that calls with this key have to come from. */
  readonly originIps?: readonly string[]
}

export interface NectorOptions {
  /** With it, every call needs this `x-workspaceid`. */
  readonly workspaceId?: string
  readonly keys: readonly NectorKey[]
  readonly leads: readonly LeadSeed[]
  readonly platform?: 'shopify' | 'woocommerce' | 'custom_website' | 'external'
  /** Which form of the customer id the digest signs; default `raw`. */
  readonly digestId?: 'raw' | 'prefixed'
  /** Where a look-up by digest puts its `lead_token`; default `data`. */
  readonly leadTokenPlace?: 'top' | 'data' | 'item'
  /** Look-ups by digest answer random strings instead of JWTs. JWTs are still accepted. */
  readonly opaqueTokens?: boolean
  /** Epoch milliseconds. */
  readonly now?: () => number
  /** Whether the limit per key is enforced; default false. */
  readonly quotas?: boolean
  /** Default 60, as documented; an integrator measured 40. */
  readonly callsPerMinute?: number
  /** Reads that no documentation lists, as an operator adds them. */
  readonly routes?: readonly FurtherRead[]
  /** The secret in the path of the checkout webhook; without it there is none. */
  readonly checkoutSecretId?: string
  /** Whether content comes with a cookie, too, and so may never be kept; default true. */
  readonly contentCookies?: boolean
}

export interface NectorEmulator extends Emulator {
  addLead(lead: LeadSeed): void
  removeLead(id: string): void
  /** The same customer, enrolled again under a new id; tokens of the old one lead to nobody. */
  recreateLead(customerId: string, newId: string): void
  /** What the customer has now. */
  coinsOf(customerId: string): number
  setSigningSecret(apiKey: string, secret: string): void
  /** Replaces all keys. */
  setKeys(keys: readonly NectorKey[]): void
  /**
   * From now on a look-up of one customer answers with parts of another one: the token (default),
   * the lead item, or both. Null ends it.
   */
  swapExchangeAnswer(customerId: string, otherCustomerId: string | null, swapped?: Swapped): void
}

const checkoutBase = '/api/open/integrations/customcheckoutwebhook/'

export function createNectorEmulator(options: NectorOptions): NectorEmulator {
  const now = options.now ?? Date.now
  const seconds = (): number => Math.floor(now() / 1000)
  const desk = createFaults(now)
  const quota = createQuota(now, options.quotas ?? false)
  const limit = { calls: options.callsPerMinute ?? 60, seconds: 60 }
  const platform = options.platform ?? 'shopify'

  const leads = createLeadBook(options.leads, now)
  const shelf = { reviews: demoReviews(), questions: demoQuestions() }
  const routes = [...merchantRoutes, ...(options.routes ?? []).map(furtherRoute)]
  const checkout = createCheckout(leads)
  const tokens = createLeadTokens({
    leads,
    place: options.leadTokenPlace ?? 'data',
    isOpaque: options.opaqueTokens ?? false,
    seconds,
    isRevoked: (token, madeAt) => desk.isRevoked(token, madeAt),
  })
  let keys = byApiKey(options.keys)

  function answer(call: Call): Answer {
    try {
      return call.path.startsWith(checkoutBase) ? answerCheckout(call) : answerMerchant(call)
    } catch (error) {
      if (error instanceof Refusal) return answerToRefusal(error)
      throw error
    }
  }

  function answerCheckout(call: Call): Answer {
    const secret = options.checkoutSecretId
    if (secret === undefined || call.path !== `${checkoutBase}${secret}`) {
      throw new Refusal(404, 'Not found')
    }
    if (call.method !== 'POST') throw new Refusal(405, 'Method not allowed')
    checkSource(call)
    return checkout(call, now())
  }

  function answerMerchant(call: Call): Answer {
    const key = identifyKey(call)
    checkSource(call)
    checkWorkspace(call)
    checkAddress(call, key)
    if (quota.spend(key.apiKey, limit).isOver) throw new Refusal(429, 'Too many requests')

    const { route, params } = findMerchantRoute(call)
    if (route.for === 'write' && key.access !== 'WRITE') throw new Refusal(403, writeKeyNeeded)

    const body = readObject(call.bytes)
    const byDigest = isLookUp(call, key, route)
    if (byDigest) checkDigest(call, key)
    const proven = byDigest ? null : provenLead(call, key, route)
    if (proven !== null) checkOwnership(call, body, proven, route, params)

    checkParameters(call, route, params)
    if (byDigest) return tokens.answerLookUp(findLead({ call, params, leads }), key)
    if (body === null && expectsObject(call, route)) throw new Refusal(422, 'Body is not valid')
    const isWriter = key.access === 'WRITE'
    const visit: Visit = {
      call,
      params,
      body: body ?? {},
      proven,
      isWriter,
      leads,
      shelf,
      now: now(),
    }
    return route.answer(visit)
  }

  function identifyKey(call: Call): NectorKey {
    const key = keys.get(call.headers['x-apikey'] ?? '')
    if (key === undefined || desk.isRevoked(key.apiKey)) throw new Refusal(401, 'Invalid api key')
    return key
  }

  function checkWorkspace(call: Call): void {
    if (options.workspaceId === undefined) return
    if (call.headers['x-workspaceid'] === options.workspaceId) return
    throw new Refusal(401, 'Workspace is not valid')
  }

  function findMerchantRoute(call: Call): {
    route: MerchantRoute
    params: Readonly<Record<string, string>>
  } {
    const found = findRoute(routes, call.method, call.path)
    if (found.kind === 'path-unknown') throw new Refusal(404, 'Not found')
    if (found.kind === 'method-unknown') throw new Refusal(405, 'Method not allowed')
    return found
  }

  /** On the one route that takes either, exactly one of digest and token. */
  function isLookUp(call: Call, key: NectorKey, route: MerchantRoute): boolean {
    if (key.access !== 'STOREFRONT') return false
    if (call.headers['x-leaddigest'] === undefined) return false
    if (route.for !== 'lead') throw new Refusal(401, 'A lead digest is not accepted here')
    if (call.headers['x-leadtoken'] !== undefined) {
      throw new Refusal(401, 'Send either a lead digest or a lead token')
    }
    return true
  }

  function checkDigest(call: Call, key: NectorKey): void {
    const [customerId, ...others] = call.query.getAll('customer_id')
    if (customerId === undefined || others.length > 0) {
      throw new Refusal(401, 'A lead digest needs one customer_id')
    }
    const signed = options.digestId === 'prefixed' ? customerId : rawId(customerId, platform)
    const proof = {
      digest: call.headers['x-leaddigest'] ?? '',
      timestamp: call.headers['x-timestamp'],
    }
    const fault =
      key.signingSecret === undefined
        ? 'the key has no signing secret'
        : digestFault(proof, signed, key.signingSecret, seconds())
    if (fault !== null) throw new Refusal(401, `Invalid lead digest: ${fault}`)
  }

  function isContent({ method, path }: Call): boolean {
    const found = findRoute(routes, method, path)
    return found.kind === 'route' && found.route.for === 'content'
  }

  /** Null when the key needs no lead authentication, or content is read by nobody in particular. */
  function provenLead(call: Call, key: NectorKey, route: MerchantRoute): Lead | null {
    if (key.access !== 'STOREFRONT') return null
    const token = call.headers['x-leadtoken']
    const isNeeded = route.for !== 'content' || namedIds(call, readObject(call.bytes)).length > 0
    if (token === undefined && !isNeeded) return null
    if (token === undefined || token === '') throw new Refusal(401, 'Missing lead token')
    return existing(leads.byId(tokens.read(token, key)))
  }

  const emulator = createEmulator({
    now,
    desk,
    answer,
    headersFor: (call) => ({
      server: 'nector',
      ...(options.contentCookies === false && isContent(call)
        ? {}
        : { 'set-cookie': ['nector_sid=demo; Path=/'] }),
    }),
    leaksIn: (call) => leaksIn(call, [...keys.values()]),
  })

  return Object.assign(emulator, {
    addLead: (lead: LeadSeed) => void leads.add(lead),
    removeLead: (id: string) => leads.remove(id),
    recreateLead: (customerId: string, newId: string) => leads.recreate(customerId, newId),
    coinsOf: (customerId: string) => existing(leads.byCustomer(customerId)).coins,
    setSigningSecret(apiKey: string, signingSecret: string) {
      const key = keys.get(apiKey)
      if (key === undefined) throw new Error('The emulator does not have this key')
      keys.set(apiKey, { ...key, signingSecret })
    },
    setKeys(replaced: readonly NectorKey[]) {
      keys = byApiKey(replaced)
    },
    swapExchangeAnswer: (customerId: string, other: string | null, swapped: Swapped = 'token') =>
      tokens.swap(customerId, other, swapped),
  })
}

function byApiKey(keys: readonly NectorKey[]): Map<string, NectorKey> {
  return new Map(keys.map((key) => [key.apiKey, key]))
}

function checkSource(call: Call): void {
  const source = call.headers['x-source']
  if (source !== 'web' && source !== 'mobile') throw new Refusal(422, 'Source is not valid')
}

function checkAddress(call: Call, { originIps }: NectorKey): void {
  if (originIps === undefined || originIps.includes(call.address)) return
  throw new Refusal(403, 'The address is not allowed for this api key')
}

/** Whatever the call names has to be the token's own. */
function checkOwnership(
  call: Call,
  body: object | null,
  lead: Lead,
  route: MerchantRoute,
  params: Readonly<Record<string, string>>,
): void {
  const inPath = route.path.endsWith('/leads/:id') ? [{ name: 'lead_id', value: params['id'] }] : []
  const named = [...inPath, ...namedIds(call, body)]
  if (named.every((id) => isOwn(lead, id))) return
  throw new Refusal(403, 'The lead token belongs to another lead')
}

function checkParameters(
  call: Call,
  route: MerchantRoute,
  params: Readonly<Record<string, string>>,
): void {
  if (params['id'] !== undefined && !isUuidV4(params['id'])) {
    throw new Refusal(422, 'id is not a valid UUID')
  }
  if (route.names === null) return
  for (const name of call.query.keys()) {
    if (!route.names.includes(name)) throw new Refusal(422, `${name} is not allowed`)
  }
}

/** Uploads are the one write that is not JSON. */
function expectsObject(call: Call, route: MerchantRoute): boolean {
  return call.method !== 'GET' && !route.path.endsWith('/uploads')
}

function rawId(customerId: string, platform: string): string {
  const prefix = `${platform}-`
  return platform !== 'external' && customerId.startsWith(prefix)
    ? customerId.slice(prefix.length)
    : customerId
}

/** A signing secret is never sent; an api key only in the header that is made for it. */
function leaksIn(call: Call, keys: readonly NectorKey[]): string[] {
  const isWebhook = call.path.startsWith(checkoutBase)
  return placesIn(call).flatMap(({ place, text }) =>
    keys.flatMap(({ apiKey, access, signingSecret }) => {
      const at = `${call.method} ${isWebhook ? checkoutBase : call.path}`
      const isHome = place === 'header x-apikey' && !isWebhook
      return [
        ...(signingSecret !== undefined && holds(text, signingSecret)
          ? [`${at}: the signing secret of the ${access} key in ${place}`]
          : []),
        ...(!isHome && holds(text, apiKey) ? [`${at}: the ${access} key in ${place}`] : []),
      ]
    }),
  )
}
