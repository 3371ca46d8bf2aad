/** How the simulated upstreams answer exchanges: rightly, and in every wrong way there is. */
import { Problem } from '../../src/problem.ts'
import type { ExchangeAnswer, ExchangeRequest } from '../../src/provider.ts'
import type { Random } from './random.ts'
import { leadDigest, signLeadToken, signWidgetToken } from './truth.ts'
import type { Person, Place, Settings, Truth } from './truth.ts'

export interface Asked {
  readonly settings: Settings
  readonly provider: string
  readonly place: Place
  readonly request: ExchangeRequest
  /** Somebody else whose account this replica surely knows; their answer must be seen through. */
  readonly known: Person | null
}

export interface ExchangeParts {
  readonly truth: Truth
  readonly random: Random
  readonly now: () => number
}

/** Answers, or throws as a connection that fails. */
export function answerExchange(asked: Asked, parts: ExchangeParts): ExchangeAnswer {
  const { random } = parts
  if (asked.place.isDown || random.chance(0.02)) return trouble(random)
  if (asked.provider === 'neuroon') return issueWidgetToken(asked, parts)
  if (asked.provider === 'nector') return answerLookUp(asked, parts)
  return answerWitness(asked, parts)
}

function trouble(random: Random): ExchangeAnswer {
  const kind = random.below(6)
  if (kind === 0) return { status: 429, headers: { 'retry-after': '2' }, body: '' }
  if (kind === 1) return { status: 503, headers: {}, body: 'down' }
  if (kind === 2) return { status: 200, headers: {}, body: '<html>hello</html>' }
  if (kind === 3) return { status: 200, headers: {}, body: '{"meta":{"status":"success"}}' }
  if (kind === 4) return { status: 200, headers: {}, body: '{"meta":{"status":"error"}}' }
  throw new Problem('tokens/exchange-unavailable', 'The connection broke.', { retryAfter: 5 })
}

function issueWidgetToken(asked: Asked, { truth, now }: ExchangeParts): ExchangeAnswer {
  const { settings, place, request } = asked
  const apiKey = headerOf(request, 'x-shop-api-key')
  if (!place.live.has(apiKey)) return answerOf(401, {}, now())
  const seconds = Math.floor(now() / 1000)
  const token = signWidgetToken(apiKey, settings.neuroon.shopId, seconds)
  truth.issued.set(token, {
    endsAt: (seconds + 86_400) * 1000,
    madeAt: seconds * 1000,
    place: place.name,
    name: 'shop',
    storefront: null,
  })
  return answerOf(200, { token }, now())
}

function answerLookUp(asked: Asked, parts: ExchangeParts): ExchangeAnswer {
  const { place, request } = asked
  const { truth, random, now } = parts
  const name = new URL(request.path, 'https://x.example').searchParams.get('customer_id') ?? ''
  const raw = name.slice(name.indexOf('-') + 1)
  const seconds = headerOf(request, 'x-timestamp')
  const isInTime = Math.abs(now() / 1000 - Number(seconds)) <= 300
  const digest = headerOf(request, 'x-leaddigest')
  const isSigned = [...place.live].some((secret) => leadDigest(secret, raw, seconds) === digest)
  if (!isInTime || !isSigned) return answerOf(401, { meta: { status: 'error' } }, now())

  const person = truth.person(place, name)
  if (person === null || !person.isAlive) {
    const data = { message: 'Lead does not exists' }
    return answerOf(422, { meta: { status: 'error' }, data }, now())
  }
  if (random.chance(0.03)) return swapped(asked, parts, person)
  const token = leadToken(asked, parts, person)
  const item = random.chance(0.7) ? { customer_id: name } : {}
  return answerOf(200, placed(random, token, item), now())
}

/** Somebody else's answer, in a way that can be seen: it names them, or they are known already. */
function swapped(asked: Asked, parts: ExchangeParts, person: Person): ExchangeAnswer {
  const { place, known } = asked
  const { truth, random, now } = parts
  const isOpaque = asked.settings.nector.leadToken === 'opaque'
  if (known !== null && known !== person && !isOpaque) {
    const token = leadToken(asked, parts, known)
    return answerOf(200, placed(random, token, {}), now())
  }
  const other = truth.person(place, `${person.name}0`) ?? person
  const token = leadToken(asked, parts, other)
  return answerOf(200, placed(random, token, { customer_id: `${person.name}0` }), now())
}

function leadToken({ settings, place }: Asked, parts: ExchangeParts, person: Person): string {
  const { truth, random, now } = parts
  const iat = Math.floor(now() / 1000)
  const exp = iat + 3600
  const isOpaque = settings.nector.leadToken === 'opaque'
  const token = isOpaque
    ? `lt_${truth.issued.size}_${random.below(1e9)}`
    : signLeadToken(random.pick([...place.live].slice(-2)), { account: person.account, iat, exp })
  truth.issued.set(token, {
    endsAt: exp * 1000,
    madeAt: iat * 1000,
    place: place.name,
    name: isOpaque ? `opaque ${person.name}` : person.name,
    storefront: isOpaque ? settings.storefront : null,
  })
  return token
}

function placed(random: Random, token: string, item: object): object {
  const meta = { status: 'success' }
  const where = random.below(3)
  if (where === 0) return { meta, lead_token: token, data: { item } }
  if (where === 1) return { meta, data: { item, lead_token: token } }
  return { meta, data: { item: { ...item, lead_token: token } } }
}

function answerWitness(asked: Asked, { truth, random, now }: ExchangeParts): ExchangeAnswer {
  const { place, request, known } = asked
  const customer = new URL(request.path, 'https://x.example').searchParams.get('customer') ?? ''
  const person = truth.person(place, customer)
  if (person === null || !person.isAlive) return answerOf(422, {}, now())
  if (random.chance(0.03) && known !== null && known !== person) {
    return answerOf(200, { account: known.account }, now())
  }
  return answerOf(200, { account: person.account, customer }, now())
}

function answerOf(status: number, body: object, now: number): ExchangeAnswer {
  const date = new Date(now).toUTCString()
  return { status, headers: { date }, body: JSON.stringify(body) }
}

function headerOf({ headers }: ExchangeRequest, name: string): string {
  return headers.find(([known]) => known === name)?.[1] ?? ''
}
