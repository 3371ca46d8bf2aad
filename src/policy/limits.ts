/**
 * How many calls each caller may make here, so that none can use up what all of them need.
 *
 * Owns the counting of arriving calls and the fields that tell callers of it. What an upstream
 * grants us is another thing (`src/upstream/budget/`). Counts in memory and at once: the call goes
 * on without waiting (docs/decisions/0021-own-counters.md).
 */
import type { Clock } from '../clock.ts'
import type { CallsPer } from '../config/limits.ts'
import type { Principal } from '../identity/principal.ts'
import { Problem } from '../problem.ts'
import type { Headers } from '../provider.ts'
import { createCounter } from './counter.ts'
import type { Counter } from './counter.ts'

/** The limits of one storefront. */
export interface Limits {
  /** Before anybody knows who calls. Throws `policy/rate-limited`. */
  checkAddress(address: string): void
  /**
   * Counts a call. Both in here and where it is refused, the caller is told what is left.
   *
   * @param family of routes: each is counted by itself
   */
  take(caller: string, family: string): Taken
}

/** One call, counted. */
export interface Taken {
  /** `RateLimit` and `RateLimit-Policy`; empty where nothing is limited. */
  readonly headers: Headers
  /** `policy/rate-limited`, or null: the call may go on. */
  readonly problem: Problem | null
}

/** Counts the calls of each caller of one route. */
export interface Limiter {
  /** Throws `policy/rate-limited` with the seconds to wait. */
  take(caller: string): void
}

/** An address may hold a household, an office, or the shop's own server. */
const CALLERS_PER_ADDRESS = 20
/** Our own endpoints, for a service key: a server makes the sessions of all shoppers who log in. */
const SERVERS_OWN = 'own:server'
const UNLIMITED: Taken = { headers: [], problem: null }

export function createLimits(config: CallsPer | 'off', clock: Clock): Limits {
  if (config === 'off') return { checkAddress: () => undefined, take: () => UNLIMITED }
  const { calls, per } = config
  const addresses = createCounter({ calls: calls * CALLERS_PER_ADDRESS, per })
  const families = new Map<string, Family>()

  return {
    checkAddress(address) {
      const now = clock.monotonic()
      const { left, endsAt } = addresses.take(networkOf(address), now)
      if (left < 0) throw tooMany(endsAt - now)
    },
    take(caller, family) {
      let limited = families.get(family)
      if (limited === undefined) families.set(family, (limited = familyOf(family, config)))
      return takeFrom(limited, caller, clock.monotonic())
    },
  }
}

export function createLimiter(config: CallsPer, clock: Clock): Limiter {
  const counter = createCounter(config)
  return {
    take(caller) {
      const now = clock.monotonic()
      const { left, endsAt } = counter.take(caller, now)
      if (left < 0) throw tooMany(endsAt - now)
    },
  }
}

interface Family {
  readonly counter: Counter
  /** The name as a structured field writes it. */
  readonly name: string
  /** The same in every answer. */
  readonly policy: readonly [string, string]
}

// draft-ietf-httpapi-ratelimit-headers-10 §3 and §4: lists of strings with parameters (RFC 9651).
function familyOf(family: string, { calls: each, per }: CallsPer): Family {
  const calls = family === SERVERS_OWN ? each * CALLERS_PER_ADDRESS : each
  const name = `"${family}"`
  const window = Math.ceil(per / 1000)
  return {
    counter: createCounter({ calls, per }),
    name,
    policy: ['ratelimit-policy', `${name};q=${calls};w=${window}`],
  }
}

function takeFrom({ counter, name, policy }: Family, caller: string, now: number): Taken {
  const { left, endsAt } = counter.take(caller, now)
  const wait = endsAt - now
  const remaining = left < 0 ? 0 : left
  const limit = `${name};r=${remaining};t=${Math.ceil(wait / 1000)}`
  const headers: Headers = [policy, ['ratelimit', limit]]
  return { headers, problem: left < 0 ? tooMany(wait) : null }
}

function tooMany(wait: number): Problem {
  const retryAfter = Math.max(1, Math.ceil(wait / 1000))
  return new Problem('policy/rate-limited', 'Too many calls from here.', { retryAfter })
}

/** Who a call counts for: the shopper, the service key, else the address it came from. */
export function callerOf(principal: Principal, address: string): string {
  if (principal.kind === 'service') return `service ${principal.id}`
  if (principal.kind === 'customer') return `customer ${principal.customer}`
  return `address ${networkOf(address)}`
}

/** The family of our own endpoints, as the caller's calls to them are counted. */
export function ownFamilyOf({ kind }: Principal): string {
  return kind === 'service' ? SERVERS_OWN : 'own'
}

/** An IPv6 caller has a whole /64 of addresses to call from; it is one caller all the same. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::', 2)
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length)
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...after]
  return `${all.slice(0, 4).join(':')}::/64`
}
