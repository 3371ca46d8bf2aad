import { hash, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { Problem } from '../problem.ts'

/** A code that the shop's page trades for a session, once (epoch milliseconds). */
export interface HandOff {
  readonly code: string
  readonly expiresAt: number
}

/** Codes of one storefront that nobody has redeemed yet. */
export interface HandOffs {
  /** Canonical customer id. Throws `downstream/overloaded` where too many are waiting. */
  create(customer: string): HandOff
  /** The customer of a code, which is good for nothing afterwards; null for any other code. */
  redeem(code: string): string | null
  /** Ends the codes that were made for a customer. */
  revokeCustomer(customer: string): void
}

const LIFETIME = 60_000
const CAPACITY = 100_000

/**
 * Kept in memory by hash, so that a code is redeemed in the process that made it and a heap dump
 * shows none. Lifetimes run on the monotonic clock.
 */
export function createHandOffs(clock: Clock): HandOffs {
  const waiting = new Map<string, { readonly customer: string; readonly until: number }>()

  return {
    create(customer) {
      forget(waiting, clock.monotonic())
      if (waiting.size >= CAPACITY) {
        throw new Problem('downstream/overloaded', 'Too many log-ins are under way.', {
          retryAfter: LIFETIME / 1000,
        })
      }
      const code = randomBytes(32).toString('base64url')
      waiting.set(digestOf(code), { customer, until: clock.monotonic() + LIFETIME })
      return { code, expiresAt: clock.now() + LIFETIME }
    },
    redeem(code) {
      const digest = digestOf(code)
      const found = waiting.get(digest)
      waiting.delete(digest)
      return found !== undefined && clock.monotonic() < found.until ? found.customer : null
    },
    revokeCustomer(customer) {
      for (const [digest, entry] of waiting) {
        if (entry.customer === customer) waiting.delete(digest)
      }
    },
  }
}

/** All live equally long, so the oldest stand first. */
function forget(waiting: Map<string, { readonly until: number }>, now: number): void {
  for (const [digest, { until }] of waiting) {
    if (until > now) return
    waiting.delete(digest)
  }
}

function digestOf(code: string): string {
  return hash('sha256', code)
}
