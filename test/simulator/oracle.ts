/**
 * Judges one sending: what the upstream answers, and whether the gateway has done what it must
 * never do. The two are apart: a token of somebody else may well be accepted.
 */
import { readTestimony, WITNESS_LIFETIME } from './witness-provider.ts'
import { readLeadToken, readWidgetToken } from './truth.ts'
import type { Minted, Place, Settings, Truth } from './truth.ts'

export interface Sending {
  readonly settings: Settings
  readonly provider: string
  /** What the call is: `customer`, `content`, `widget`, `plugin`, or a route of the witness. */
  readonly route: string
  readonly customer: string | null
  readonly place: Place
  readonly headers: ReadonlyMap<string, string>
  /** The account that the path names. */
  readonly account: string | null
  /** True time when it was written. */
  readonly sentAt: number
}

export interface Judgement {
  readonly status: number
  /** What must never happen. */
  readonly sins: readonly string[]
}

const HOUR = 3_600_000
const DAY = 86_400_000
/** Tokens are not sent in the last moments of their life. */
const LAST_MOMENTS = 30_000
/** Clock errors that nobody would notice: the promises about the end of a token hold with them. */
const UNNOTICED = 20_000

export function judge(sending: Sending, truth: Truth, now: number): Judgement {
  if (sending.route === 'plugin') return judgeKey(sending, 'x-shop-api-key')
  if (sending.provider === 'neuroon') return judgeWidget(sending, truth, now)
  if (sending.provider === 'nector') return judgeLead(sending, truth, now)
  return judgeWitness(sending, truth, now)
}

function judgeKey({ settings, place, headers }: Sending, name: string): Judgement {
  const key = headers.get(name)
  const { apiKey, previousApiKey } = settings.neuroon
  const sins = key === apiKey || key === previousApiKey ? [] : ['another key than configured']
  return { status: key !== undefined && place.live.has(key) ? 200 : 401, sins }
}

function judgeWidget(sending: Sending, truth: Truth, now: number): Judgement {
  const { settings, place, headers, sentAt } = sending
  const { shopId, apiKey, previousApiKey } = settings.neuroon
  const value = headers.get('x-widget-token')
  if (value === undefined) return { status: 401, sins: ['sent without a token'] }
  const read = readWidgetToken(value, place.ever)
  if (read === null) return { status: 401, sins: ['another shop’s token'] }
  const sins = []
  if (read.shopId !== shopId) sins.push('another shop’s token')
  if (read.signer !== apiKey && read.signer !== previousApiKey) sins.push('a rotated key’s token')
  if (headers.has('x-shop-api-key')) sins.push('the shop key beside a widget token')
  const endsAt = read.seconds * 1000 + DAY
  sins.push(...lateness(value, truth, sentAt, now, endsAt, DAY))
  const isGood =
    place.live.has(read.signer) &&
    now <= endsAt &&
    read.seconds * 1000 <= now + 60_000 &&
    read.seconds > place.revokedUntil &&
    !place.revoked.has(value)
  return { status: isGood ? 200 : 401, sins }
}

function judgeLead(sending: Sending, truth: Truth, now: number): Judgement {
  const { settings, place, headers, route } = sending
  const { apiKey, serverKey } = settings.nector
  const key = headers.get('x-apikey')
  const value = headers.get('x-leadtoken')
  const sins = []
  const expected = route === 'content' ? (serverKey ?? apiKey) : apiKey
  if (key !== expected) sins.push('another key than configured')
  if (value === undefined) {
    if (route !== 'content') sins.push('sent without a token')
    return { status: route === 'content' ? 200 : 401, sins }
  }
  const { status, sins: more } = truth.issued.get(value)?.name.startsWith('opaque ')
    ? judgeOpaque(sending, value, truth, now)
    : judgeJwt(sending, value, truth, now)
  const isRevoked = place.revoked.has(value)
  return { status: isRevoked ? 401 : status, sins: [...sins, ...more] }
}

function judgeOpaque(sending: Sending, value: string, truth: Truth, now: number): Judgement {
  const { place, settings, sentAt } = sending
  const issued = truth.issued.get(value)
  if (issued === undefined) throw new Error('asked only for what was issued')
  const sins = []
  if (issued.place !== place.name || issued.name !== `opaque ${wireName(sending)}`) {
    sins.push('another shopper’s token')
  }
  if (issued.storefront !== settings.storefront) sins.push('another storefront’s token')
  sins.push(...lateness(value, truth, sentAt, now, issued.endsAt, HOUR))
  const isGood =
    now <= issued.endsAt &&
    issued.place === place.name &&
    Math.floor(issued.madeAt / 1000) > place.revokedUntil
  return { status: isGood ? 200 : 401, sins }
}

function judgeJwt(sending: Sending, value: string, truth: Truth, now: number): Judgement {
  const { place, settings, account, sentAt } = sending
  const { secret, previousSecret } = settings.nector
  const read = readLeadToken(value, place.ever)
  if (read === null) return { status: 401, sins: ['another workspace’s token'] }
  const { claim, signer } = read
  const person = truth.byAccount(claim.account)
  const sins = []
  if (person?.place !== place.name || person.name !== wireName(sending)) {
    sins.push('another shopper’s token')
  }
  if (account !== claim.account) sins.push('the path names another account than the token')
  // One that the upstream made may be under either secret that was live when it was asked for.
  const isOwn = !truth.issued.has(value)
  if (isOwn && signer !== secret && signer !== previousSecret) sins.push('a rotated secret’s token')
  sins.push(...lateness(value, truth, sentAt, now, claim.exp * 1000, HOUR))
  const isGood =
    place.live.has(signer) &&
    claim.exp * 1000 > now &&
    claim.exp * 1000 <= now + HOUR &&
    claim.iat > place.revokedUntil
  if (!isGood) return { status: 401, sins }
  return { status: person?.isAlive === true ? 200 : place.deadStatus, sins }
}

function judgeWitness(sending: Sending, truth: Truth, now: number): Judgement {
  const { settings, provider, route, customer, place, headers, account, sentAt } = sending
  const value = headers.get('x-witness')
  if (value === undefined) return { status: 401, sins: ['sent without a token'] }
  const said = readTestimony(value)
  if (said === null) return { status: 401, sins: ['another provider’s token'] }
  const [kind = '', slot = ''] = route.split(':')
  const meant = { provider, storefront: settings.storefront, ...settings.witness }
  const wanted = Object.entries({ ...meant, kind, slot, customer })
  const told: ReadonlyMap<string, unknown> = new Map(Object.entries(said))
  const sins = wanted
    .filter(([name, value]) => told.get(name) !== value)
    .map(([name]) => `a token of another ${name}`)
  const person = truth.byAccount(said.account)
  if (person?.place !== place.name || person.name !== customer) sins.push('another’s account')
  if (account !== said.account) sins.push('the path names another account than the token')
  const endsAt = said.issuedAt + WITNESS_LIFETIME
  sins.push(...lateness(value, truth, sentAt, now, endsAt, WITNESS_LIFETIME))
  const isGood =
    place.live.has(String(said.version)) &&
    endsAt > now &&
    said.issuedAt <= now &&
    said.issuedAt / 1000 > place.revokedUntil &&
    !place.revoked.has(value)
  if (!isGood) return { status: 401, sins }
  return { status: person?.isAlive === true ? 200 : place.deadStatus, sins }
}

/**
 * A token that the upstream made is never written after its end. One made here is never written in
 * the last moments of its life by the monotonic clock, however wrong the other clock is; and where
 * the clock was right, it is still good when it arrives.
 */
function lateness(
  value: string,
  truth: Truth,
  sentAt: number,
  now: number,
  endsAt: number,
  lifetime: number,
): string[] {
  const issued = truth.issued.get(value)
  const minted: Minted | undefined = truth.minted.get(value)
  if (issued !== undefined) return sentAt > issued.endsAt ? ['an expired token'] : []
  if (minted === undefined) return ['a token that nobody made']
  if (sentAt > minted.at + lifetime - LAST_MOMENTS) return ['a token past its lifetime']
  return Math.abs(minted.error) <= UNNOTICED && now > endsAt ? ['an expired token'] : []
}

/** The customer as the upstream of this call spells it. */
function wireName({ settings, customer }: Sending): string {
  return `${settings.nector.namespace}-${customer}`
}
