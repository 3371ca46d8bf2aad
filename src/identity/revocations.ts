import type { Clock } from '../clock.ts'

/** Which sessions of one storefront have ended early. */
export interface Revocations {
  /** Ends one session; `expiresAt` (epoch milliseconds) says how long that must be remembered. */
  revokeSession(session: string, expiresAt: number): void
  /** Ends every session that the customer has now. */
  revokeCustomer(customer: string): void
  /** `issuedAt` in epoch milliseconds, a whole second as tokens carry it. */
  isRevoked(session: string, customer: string, issuedAt: number): boolean
}

/**
 * Kept in memory: a restart forgets it, which `check` says. Never evicted early, because a
 * forgotten revocation would let an ended session in again; an entry goes when the longest
 * session it can concern has expired by itself.
 */
export function createRevocations(clock: Clock, longestSession: number): Revocations {
  const sessions = new Map<string, number>()
  const customers = new Map<string, { before: number; until: number }>()

  return {
    revokeSession(session, expiresAt) {
      forget(sessions, clock.now(), (until) => until)
      sessions.set(session, expiresAt)
    },
    revokeCustomer(customer) {
      const now = clock.now()
      forget(customers, now, ({ until }) => until)
      customers.set(customer, { before: now, until: now + longestSession })
    },
    isRevoked(session, customer, issuedAt) {
      if (sessions.has(session)) return true
      const revoked = customers.get(customer)
      // A token carries whole seconds: one made in the second of the revocation is ended with it.
      return revoked !== undefined && issuedAt <= revoked.before
    },
  }
}

/** Entries go in by ending time, near enough, so looking at the oldest few is enough. */
function forget<Entry>(entries: Map<string, Entry>, now: number, until: (entry: Entry) => number) {
  for (const [key, entry] of entries) {
    if (until(entry) > now) return
    entries.delete(key)
  }
}
