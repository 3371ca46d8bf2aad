import { Problem } from '../problem.ts'
import type { Claims, TokenPolicy } from './jwt.ts'

export interface IssuerOptions {
  readonly issuer: string
  readonly audience: string
  /** The claim that holds the customer's id. */
  readonly customerId: string
  /** Any spelling of a customer id → the canonical one; throws where it is none. */
  readonly canonicalCustomer: (id: string) => string
}

/** Tokens of an OpenID Connect provider, or of the shop's own log-in. */
export function issuerPolicy(options: IssuerOptions): TokenPolicy {
  return {
    // Two sources may share an issuer and differ in whom its tokens are for.
    isMine: (claims) => claims['iss'] === options.issuer && isFor(claims, options.audience),
    customerOf: (claims) =>
      customerFrom(claimOf(claims, options.customerId), options.canonicalCustomer),
  }
}

export interface ShopifySessionTokenOptions {
  /** `acme.myshopify.com`. */
  readonly shop: string
  /** The app's client id. */
  readonly audience: string
  readonly canonicalCustomer: (id: string) => string
}

const CUSTOMER_GID = /^gid:\/\/shopify\/Customer\/\d{1,20}$/

/**
 * Session tokens that Shopify's checkout and customer-account extensions send. `dest` is the shop;
 * `sub` is the customer, and is missing where nobody is logged in. Tokens of the admin look alike
 * but name a member of the staff in `sub`, so only a customer's gid is taken.
 */
export function shopifySessionTokenPolicy(options: ShopifySessionTokenOptions): TokenPolicy {
  return {
    isMine: (claims) => typeof claims['dest'] === 'string' && isFor(claims, options.audience),
    customerOf({ dest, sub }) {
      if (String(dest).replace(/^https:\/\//, '') !== options.shop) {
        throw new Problem('identity/invalid', 'The token is for another shop.')
      }
      if (sub === undefined) return null
      if (typeof sub !== 'string' || !CUSTOMER_GID.test(sub)) throw unnamed()
      return customerFrom(sub, options.canonicalCustomer)
    },
  }
}

/** RFC 7519 §4.1.3: one audience, or a list that holds it. */
function isFor({ aud }: Claims, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience
}

/** Platforms number their customers; a subject is text by definition (RFC 7519 §4.1.2). */
function claimOf(claims: Claims, name: string): unknown {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  const isNumbered = name !== 'sub' && Number.isSafeInteger(value) && Number(value) > 0
  return isNumbered ? String(value) : value
}

function customerFrom(value: unknown, canonicalCustomer: (id: string) => string): string {
  if (typeof value !== 'string') throw unnamed()
  try {
    return canonicalCustomer(value)
  } catch (error) {
    throw unnamed(error)
  }
}

function unnamed(cause?: unknown): Problem {
  return new Problem('identity/invalid', 'The token names no customer.', { cause })
}
