/**
 * What is really so: which keys are live, who is who, which token was made for whom, when, and by
 * whom. The simulated upstreams answer by it and the oracle judges by it. It reads tokens with code
 * of its own and shares none with the gateway.
 */
import { createHmac } from 'node:crypto'
import type { Random } from './random.ts'

/** One storefront's configuration at one moment. A change is a new one; calls keep theirs. */
export interface Settings {
  readonly storefront: string
  readonly nector: NectorSettings
  readonly neuroon: NeuroonSettings
  readonly witness: WitnessSettings
}

export interface NectorSettings {
  readonly origin: string
  readonly namespace: 'shopify' | 'woocommerce'
  readonly apiKey: string
  readonly serverKey: string | null
  readonly secret: string
  readonly previousSecret: string | null
  readonly leadToken: 'jwt' | 'opaque'
}

export interface NeuroonSettings {
  readonly shopId: string
  readonly apiKey: string
  readonly previousApiKey: string | null
  readonly mode: 'local' | 'issue' | 'local-then-issue'
}

export interface WitnessSettings {
  readonly environment: string
  readonly namespace: string
  readonly version: number
}

/** One workspace, shop or tenant at an upstream. */
export interface Place {
  readonly name: string
  /** Keys or signing secrets that are good now; the newest is last. */
  readonly live: Set<string>
  /** Each one that ever was, so that a signer can be named. */
  readonly ever: Set<string>
  readonly people: Map<string, Person>
  readonly revoked: Set<string>
  /** Tokens made up to and including this second are refused. */
  revokedUntil: number
  /** How it refuses the token of a lead that is gone. */
  deadStatus: 401 | 422
  isDown: boolean
}

export interface Person {
  readonly place: string
  /** As the upstream knows the customer. */
  readonly name: string
  readonly account: string
  isAlive: boolean
}

/** A token that an upstream made. */
export interface Issued {
  /** True time after which it is refused. */
  readonly endsAt: number
  readonly madeAt: number
  readonly place: string
  readonly name: string
  /** Who asked for it; null where the same one may be made for somebody else. */
  readonly storefront: string | null
}

/** A token that the gateway made. */
export interface Minted {
  readonly at: number
  /** How wrong the gateway's idea of the upstream's clock was, milliseconds. */
  readonly error: number
}

export interface Truth {
  place(name: string, firstKey: string): Place
  /** Null for somebody who is not enrolled. */
  person(place: Place, name: string): Person | null
  byAccount(account: string): Person | null
  recreate(person: Person): void
  readonly issued: Map<string, Issued>
  readonly minted: Map<string, Minted>
  readonly places: readonly Place[]
}

export function createTruth(random: Random): Truth {
  const places = new Map<string, Place>()
  const accounts = new Map<string, Person>()
  let count = 0

  const enrol = (place: Place, name: string): Person => {
    const person = { place: place.name, name, account: `lead-${(count += 1)}`, isAlive: true }
    place.people.set(name, person)
    accounts.set(person.account, person)
    return person
  }

  return {
    issued: new Map(),
    minted: new Map(),
    get places() {
      return [...places.values()]
    },
    place(name, firstKey) {
      const known = places.get(name)
      if (known !== undefined) return known
      const place: Place = {
        name,
        live: new Set([firstKey]),
        ever: new Set([firstKey]),
        people: new Map(),
        revoked: new Set(),
        revokedUntil: Number.NEGATIVE_INFINITY,
        deadStatus: random.chance(0.5) ? 401 : 422,
        isDown: false,
      }
      places.set(name, place)
      return place
    },
    person(place, name) {
      // Some never enrol.
      if (name.endsWith('13')) return null
      return place.people.get(name) ?? enrol(place, name)
    },
    byAccount: (account) => accounts.get(account) ?? null,
    recreate(person) {
      const place = places.get(person.place)
      if (place === undefined) throw new Error('a person lives somewhere')
      person.isAlive = false
      enrol(place, person.name)
    },
  }
}

export interface LeadClaim {
  readonly account: string
  /** Seconds. */
  readonly iat: number
  readonly exp: number
}

/** A JWT under a secret, as the upstream would make it. */
export function signLeadToken(secret: string, { account, iat, exp }: LeadClaim): string {
  const head = encode({ alg: 'HS256', typ: 'JWT' })
  const body = encode({ lead_id: account, iat, exp })
  return `${head}.${body}.${hmac(secret, `${head}.${body}`, 'base64url')}`
}

/** What a JWT says, and which of the secrets signed it; null where none did. */
export function readLeadToken(
  value: string,
  secrets: Iterable<string>,
): { claim: LeadClaim; signer: string } | null {
  const cut = value.lastIndexOf('.')
  const signed = value.slice(0, cut)
  const signature = value.slice(cut + 1)
  for (const signer of secrets) {
    if (hmac(signer, signed, 'base64url') !== signature) continue
    const text = Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString('utf8')
    const { lead_id: account, iat, exp } = JSON.parse(text) as Record<string, unknown>
    return { claim: { account: String(account), iat: Number(iat), exp: Number(exp) }, signer }
  }
  return null
}

export function signWidgetToken(apiKey: string, shopId: string, seconds: number): string {
  const payload = `${shopId}:${seconds}`
  return Buffer.from(`${payload}:${hmac(apiKey, payload, 'hex')}`).toString('base64url')
}

export function readWidgetToken(
  value: string,
  keys: Iterable<string>,
): { shopId: string; seconds: number; signer: string } | null {
  const [shopId = '', seconds = ''] = Buffer.from(value, 'base64url').toString('utf8').split(':')
  for (const signer of keys) {
    if (signWidgetToken(signer, shopId, Number(seconds)) === value) {
      return { shopId, seconds: Number(seconds), signer }
    }
  }
  return null
}

export function leadDigest(secret: string, customer: string, seconds: string): string {
  return hmac(secret, `${customer}:${seconds}`, 'hex')
}

function hmac(key: string, text: string, encoding: 'hex' | 'base64url'): string {
  return createHmac('sha256', key).update(text).digest(encoding)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
