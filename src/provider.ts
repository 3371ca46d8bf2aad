import { z } from 'zod'
import type { ZodType } from 'zod'
import { Problem } from './problem.ts'
import type { Secret } from './secret.ts'

/**
 * The provider contract: the core knows *when* a credential is needed, a provider *what* it is.
 *
 * A provider is one folder under `providers/`. It declares its configuration, its routes as data
 * and how its credentials are made. It never sees a request, a response or a cache: matching,
 * ownership, caching, single flight, renewal, the 401 loop, limits and metrics belong to the core,
 * so a provider cannot get them wrong.
 */
export interface Provider<Config = unknown> {
  /** Names the provider in the configuration and is the first path segment: `/<id>/<upstream path>`. */
  readonly id: string
  /** The provider's name as people write it, for problems and logs. */
  readonly title: string
  /** What one storefront configures under `providers.<id>`. */
  readonly config: ZodType<Config>
  /** Root paths that are this provider's without the `/<id>` prefix; each ends with `/`. */
  readonly mounts: readonly string[]
  /** Scopes that a service key may hold for this provider's routes. */
  readonly scopes: readonly string[]
  /** Makes one storefront's upstream. Does no I/O and never throws on a parsed configuration. */
  start(config: Config, context: StartContext): Upstream
}

export interface StartContext {
  /** The storefront's id. */
  readonly storefront: string
  /** The origins of its pages, as listed. */
  readonly origins: readonly string[]
}

/** One provider, configured for one storefront: everything about it that the core needs. */
export interface Upstream {
  /** The provider's id and title, repeated here so that an upstream can be passed alone. */
  readonly provider: string
  readonly title: string
  /** Part of every cache key: tokens of two environments never meet. */
  readonly environment: string
  /** Scheme and authority of every call, without a trailing slash. Never taken from a caller. */
  readonly origin: string
  /** How calls leave this machine, where the operator cares. */
  readonly egress: Egress
  readonly routes: readonly Route[]
  readonly endpoints: readonly Endpoint[]
  /** Values that a route's `fixed` ids must equal, by path segment name. */
  readonly fixed: Readonly<Record<string, string>>
  /** Query and body names that always name a person; refused wherever the route does not bind them. */
  readonly personal: readonly string[]
  /** Shopper writes that the storefront has opened, as `POST /path` of the upstream. */
  readonly allow: readonly string[]
  /** Values that the storefront lets shoppers choose from, by the name that a body field gives. */
  readonly choices?: Readonly<Record<string, readonly string[]>>
  /** Request headers of the caller that this provider understands, lower case. */
  readonly callerHeaders: Readonly<Record<string, CallerHeader>>
  /** Further request headers of the caller that are passed on as they are, lower case. */
  readonly passHeaders: readonly string[]
  /** Sent upstream on every call, beside the credential. Lower-case names. */
  readonly headers: Headers
  /** Every secret it was configured with, for the start-up checks. */
  readonly secrets: readonly ConfiguredSecret[]
  /** Things in the configuration that work but deserve a second look; `check` prints them. */
  readonly warnings: readonly Warning[]
  /** The customer namespace (`shopify` …), part of every cache key; `''` where there is none. */
  readonly namespace: string

  /**
   * Any spelling of a customer id → the one that Gatehouse uses inside. Returns its argument when
   * it has no opinion. Identity calls it before anything else sees the id.
   */
  canonicalCustomer(id: string): string
  /** The canonical customer id → the spelling this provider expects on the wire. */
  wireCustomer(customer: string): string

  /**
   * The credential for a call that has been allowed: same facts, same object, prepared at start.
   * Throws `Problem` where the storefront has no credential that fits.
   */
  authorize(call: CallFacts): Credential
  /** Reads status and headers of an answer. Never throws. */
  classify(answer: AnswerHead): Verdict
  /**
   * The status with which this upstream says that it does not know the account a token names, and
   * whether a body with that status says it; null where it has no such answer. Never throws.
   */
  readonly accountRefusal: AccountRefusal | null
}

/** The address calls leave from, or the forward proxy they go through; at most one of them. */
export interface Egress {
  readonly localAddress?: string | undefined
  readonly proxy?: string | undefined
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
export type Channel = 'browser' | 'app' | 'server'
/** Lower-case names with values, in the order they are sent. */
export type Headers = readonly (readonly [name: string, value: string])[]

/** A permitted method and path of an upstream. What no route lists does not exist. */
export interface Route {
  readonly method: Method
  /** The upstream's own path, `:name` for a segment: `/api/v2/merchant/leads/:id`. */
  readonly path: string
  readonly callers: Callers
  /** Groups routes for limits, breakers and metrics. */
  readonly family: string
  /** The provider's own word for which credential this route takes; the core only hands it back. */
  readonly credential: string
  /** Where the call names a person or a fixed id. A route with none concerns nobody in particular. */
  readonly bind: readonly Binding[]
  /** Query names a caller may send; `any` on routes that concern nobody in particular. */
  readonly query: readonly string[] | 'any'
  /** Absent: a call with a body is refused. */
  readonly body?: BodyRule
  /** The answer is the same for everybody and may be shared. */
  readonly content?: boolean
  /** May be sent a second time after a rejected credential; safe methods always may. */
  readonly replayable?: boolean
  /** The published quota of this route, per key. */
  readonly quota?: Quota
  /** Who goes first where a quota is short; by default a change, then a read, then content. */
  readonly priority?: 'write' | 'read' | 'content'
  /** How long an answer may be kept, where the upstream says nothing itself. Only on content. */
  readonly cache?: CacheRule
  /** May identical calls that are under way at once share an answer? Absent: reads may. */
  readonly shared?: false
  /** Where the usual ones do not fit. */
  readonly timeouts?: Timeouts
}

/** Milliseconds. */
export interface CacheRule {
  /** How long it is served without asking. */
  readonly fresh: number
  /** How much longer it is served while the upstream fails. */
  readonly stale: number
}

/** Milliseconds. */
export interface Timeouts {
  /** From the sending to the head of the answer. */
  readonly headers: number
  /** From the arrival of the call to the end of the answer, exchanges and replays included. */
  readonly whole: number
}

/** Who may call a route. Several may hold; nobody else gets in. */
export interface Callers {
  /** No proof needed, from any channel. */
  readonly anonymous?: true
  /** No proof needed, but the call comes from a page of a listed origin. */
  readonly browser?: true
  /**
   * A proven shopper. `write` also needs the storefront's `allow`; `never` marks a change that no
   * shopper may make, whatever the storefront lists.
   */
  readonly customer?: 'read' | 'write' | 'never'
  /** A service key with this scope. */
  readonly service?: string
  /** Channels the call may come from; absent: any of them. */
  readonly channels?: readonly Channel[]
}

/** One place in a call that names a person or a fixed id. */
export interface Binding {
  readonly in: 'path' | 'query' | 'body'
  readonly name: string
  /**
   * `customer`: the shopper's customer id, in the upstream's spelling. `account`: the id by which
   * the upstream knows the shopper, learned by a token exchange. `fixed`: `Upstream.fixed[name]`.
   */
  readonly to: 'customer' | 'account' | 'fixed'
  /** The gateway puts it in when the caller named nobody; the first one whose value is known. */
  readonly fill?: true
  /** This literal path segment stands for the shopper. */
  readonly self?: string
  /** Path segment to send when the account is not known (the call then names the customer). */
  readonly unknown?: () => string
}

export interface BodyRule {
  readonly type: 'json' | 'any'
  readonly maxBytes: number
  /** The longest array allowed at this top-level field, counted and not validated. */
  readonly maxItems?: { readonly field: string; readonly count: number }
  /** What a shopper may send; anything else is refused. Absent: nothing is said about fields. */
  readonly fields?: readonly BodyField[]
}

/** One field of a JSON body that a shopper may send. */
export interface BodyField {
  /** A name at the top level, or `parent.child` for the only child allowed in an object. */
  readonly name: string
  /** The value is one of `Upstream.choices[choices]`. */
  readonly choices?: string
}

export interface Quota {
  readonly calls: number
  /** Milliseconds. */
  readonly per: number
  /** Everything with the same bucket is counted together; absent: each by itself. */
  readonly bucket?: string
}

/** A request header of the caller that a provider takes: checked, else 400. */
export interface CallerHeader {
  readonly values: readonly string[]
  readonly default: string
}

/** What the core tells a provider about an allowed call. */
export interface CallFacts {
  readonly route: Pick<Route, 'credential'>
  readonly channel: Channel
  /** The subject, in canonical spelling; null when nobody is. */
  readonly customer: string | null
  /** Checked values of `callerHeaders`, defaults filled in. */
  readonly headers: Readonly<Record<string, string>>
}

/** What proves us to the upstream. Prepared at start and shared by all calls it fits. */
export interface Credential {
  readonly key: KeyReference
  /** The long-lived part. */
  readonly headers: Headers
  /** The short-lived part, kept and renewed by the core. */
  readonly token: TokenKind | null
  /** Used while `key` is rejected: the other live key during a rotation. */
  readonly fallback: Credential | null
}

/** Which key, without the key: id, and a fingerprint of everything that goes into its tokens. */
export interface KeyReference {
  readonly id: string
  readonly fingerprint: string
}

/** How one kind of short-lived token is made. */
export interface TokenKind {
  /** Part of the cache key: `widget-token`, `lead-token`. */
  readonly kind: string
  /** Lower-case request header that carries it. */
  readonly header: string
  /** Whose it is: one per customer, or one for the whole storefront. */
  readonly per: 'customer' | 'storefront'
  /** The call may go out without it: it is attached only where no exchange is needed. */
  readonly optional: boolean
  /** What an exchange for it is counted against. */
  readonly quota?: Quota
  /** Fingerprint of the key that the provider counts by, where `key.fingerprint` covers more. */
  readonly countedBy?: string
  /** Milliseconds over which `refreshAt` is spread, so that tokens made together are not renewed together. */
  readonly jitter: number
  /**
   * Makes a token. Synchronous or not as it pleases; may use `send` for an exchange. Throws
   * `Problem` with a `tokens/*` code. Must be pure but for `send`: the core decides when to call
   * it, how often, and what to do with what comes back.
   */
  mint(request: MintRequest): Token | Promise<Token>
}

export interface MintRequest {
  /** Canonical customer id; null for a storefront's own token. */
  readonly customer: string | null
  /** What an earlier exchange taught about this customer; null when nothing is known. */
  readonly account: string | null
  /** Epoch milliseconds on the provider's clock, as far as it is known. */
  readonly now: number
  /** One exchange with this upstream: own connection, bounded in time and size, never retried. */
  readonly send: Send
}

export interface Token {
  readonly value: string
  /** Epoch milliseconds on the same clock as `MintRequest.now`. */
  readonly issuedAt: number
  /** After this it is not sent any more. */
  readonly expiresAt: number
  /** From here on it is renewed in the background while it is still served. */
  readonly refreshAt: number
  /** The id by which the upstream knows the customer, where a verified answer told. */
  readonly account: string | null
  /** How it was made. */
  readonly source: 'minted' | 'issued' | 'exchanged'
}

export type Send = (request: ExchangeRequest) => Promise<ExchangeAnswer>

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST'
  /** Path and query. */
  readonly path: string
  readonly headers: Headers
}

export interface ExchangeAnswer {
  readonly status: number
  /** Lower-case names; a repeated header is joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as text, at most 64 KiB. */
  readonly body: string
}

export interface AnswerHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface AccountRefusal {
  readonly status: number
  readonly isMeant: (body: string) => boolean
}

/** What an answer says about our credential and the upstream's state. */
export type Verdict = 'ok' | 'credential-rejected' | 'forbidden' | 'throttled' | 'fault'

/** A gateway route of the provider's own, answered from a token without calling upstream. */
export interface Endpoint {
  readonly method: Method
  /** At the root of the gateway: `/widget-token`. */
  readonly path: string
  readonly callers: Callers
  /** Calls per caller address, for endpoints that a browser may reach. */
  readonly limit: Quota | null
  readonly credential: Credential
  /** The JSON document that answers the call. */
  readonly respond: (token: Token) => object
}

export interface ConfiguredSecret {
  /** Key path below `providers.<id>`: `keys.storefront.apiKey`. */
  readonly path: readonly string[]
  readonly value: Secret
  /** What it is for: one value may not serve two purposes. */
  readonly purpose: string
  readonly environment: string
}

export interface Warning {
  /** Key path below `providers.<id>`. */
  readonly path: readonly string[]
  readonly message: string
}

/** The usual reading of a status: 401 is our credential, 403 and 404 never are. */
export function classifyByStatus({ status }: AnswerHead): Verdict {
  if (status === 401) return 'credential-rejected'
  if (status === 403) return 'forbidden'
  if (status === 429) return 'throttled'
  return status >= 500 ? 'fault' : 'ok'
}

/** Several ways to prove us, the preferred one first, as one credential. */
export function withFallbacks(credentials: readonly Credential[]): Credential {
  const [first, ...rest] = credentials
  if (first === undefined) throw new Error('a credential is needed')
  return rest.length === 0 ? first : { ...first, fallback: withFallbacks(rest) }
}

/** What an exchange that was not answered with a token means to the caller. */
export function exchangeFailure(answer: ExchangeAnswer): Problem {
  if (answer.status === 429 || answer.status >= 500) {
    return new Problem('tokens/exchange-unavailable', 'The provider cannot give a token now.', {
      retryAfter: retryAfter(answer) ?? 5,
      cause: `status ${answer.status}`,
    })
  }
  return new Problem('tokens/exchange-refused', 'The provider refused to give a token.', {
    cause: `status ${answer.status}`,
  })
}

/**
 * `Retry-After` in whole seconds, from 1 to 3600; null where it is absent or unreadable. A date is
 * read against the answer's own `Date`, so that a wrong clock here does not matter.
 */
export function retryAfter({ headers }: Pick<ExchangeAnswer, 'headers'>): number | null {
  const value = headers['retry-after']
  if (value === undefined) return null
  const sentAt = Date.parse(headers['date'] ?? '') || Date.now()
  const seconds = /^\d{1,9}$/.test(value)
    ? Number(value)
    : Math.ceil((Date.parse(value) - sentAt) / 1000)
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 1), 3600)
}

/** JSON or undefined: answers of an upstream are read with a schema afterwards. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A named environment or a base URL → its name and origin. Plain http is for loopback only. */
export interface Environment {
  readonly name: string
  readonly origin: string
}

export function environmentSchema(
  named: Readonly<Record<string, string>>,
): ZodType<Environment, string> {
  return z.string().transform((value, context): Environment => {
    const origin = Object.hasOwn(named, value) ? named[value] : originOf(value)
    if (origin !== undefined) return { name: value, origin }
    const names = Object.keys(named).join(', ')
    context.addIssue({ code: 'custom', message: `must be ${names}, or a base URL with https` })
    return z.NEVER
  })
}

function originOf(value: string): string | undefined {
  const url = URL.parse(value)
  if (url === null || url.username !== '' || url.password !== '') return undefined
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return undefined
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback)
    ? url.origin
    : undefined
}
