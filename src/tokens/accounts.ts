import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Problem } from '../problem.ts'
import { bounded } from './bounded.ts'
import type { TokenTuple } from './key.ts'

/**
 * Which account an upstream knows each customer by, learned from verified exchanges. One exchange
 * teaches it, and from then on tokens are made here.
 *
 * What was learned stays: an exchange that names another account is refused, unless the upstream
 * has itself refused the remembered one, and then at most once a day (threats T24).
 */
export interface Accounts {
  /** The account to make tokens for; null where none is known or the known one is in doubt. */
  find(owner: AccountOwner): string | null
  /** Takes in what an exchange taught. Throws `tokens/exchange-mismatch`. @returns what happened */
  learn(owner: AccountOwner, account: string, now: number): 'learned' | 'confirmed' | 'changed'
  /**
   * The upstream refuses this account: the next mint asks again. False where that was asked and
   * confirmed a moment ago, so that refusals of another kind do not cost an exchange each.
   */
  doubt(owner: AccountOwner, account: string, now: number): boolean
  readonly size: number
}

export type AccountOwner = Pick<
  TokenTuple,
  'provider' | 'environment' | 'storefront' | 'namespace' | 'customer'
>

interface Known {
  readonly account: string
  /** Where it is written down whose the account is. */
  readonly holders: Holders
  readonly isDoubted: boolean
  /** Monotonic milliseconds of the last change; null where it was never changed. */
  readonly changedAt: number | null
  /** Monotonic milliseconds of the last exchange that named it again; null where none did. */
  readonly confirmedAt: number | null
}

/** By account, the owner who has it: no two have the same. */
type Holders = Map<string, string>

const DAY = 86_400_000
const CONFIRMED_FOR = 60_000

export function createAccounts(capacity: number): Accounts {
  // One for each provider, environment and storefront; kept in step with what is known.
  const scopes = new Map<string, Holders>()
  const known = new LRUCache<string, Known>({
    ...bounded(capacity),
    dispose: ({ holders, account }) => void holders.delete(account),
  })

  const holdersFor = (owner: AccountOwner): Holders => {
    const scope = scopeOf(owner)
    const holders = scopes.get(scope) ?? new Map<string, string>()
    scopes.set(scope, holders)
    return holders
  }

  const remember = (key: string, entry: Known) => {
    known.set(key, entry)
    entry.holders.set(entry.account, key)
  }

  return {
    find(owner) {
      const entry = known.get(ownerKey(owner))
      return entry === undefined || entry.isDoubted ? null : entry.account
    },
    learn(owner, account, now) {
      const key = ownerKey(owner)
      const holders = holdersFor(owner)
      const holder = holders.get(account)
      if (holder !== undefined && holder !== key) throw mismatch('it is another customer’s')
      const entry = known.get(key)
      if (entry === undefined) {
        remember(key, { account, holders, isDoubted: false, changedAt: null, confirmedAt: null })
        return 'learned'
      }
      if (entry.account === account) {
        remember(key, { ...entry, isDoubted: false, confirmedAt: now })
        return 'confirmed'
      }
      refuseChange(entry, now)
      remember(key, { account, holders, isDoubted: false, changedAt: now, confirmedAt: now })
      return 'changed'
    },
    doubt(owner, account, now) {
      const key = ownerKey(owner)
      const entry = known.get(key)
      if (entry?.account !== account) return false
      if (entry.confirmedAt !== null && now - entry.confirmedAt < CONFIRMED_FOR) return false
      remember(key, { ...entry, isDoubted: true })
      return true
    },
    get size() {
      return known.size
    },
  }
}

function refuseChange(entry: Known, now: number): void {
  if (!entry.isDoubted) throw mismatch('the remembered account was never refused')
  if (entry.changedAt !== null && now - entry.changedAt < DAY) throw mismatch('it changed today')
}

/** Hashed, because there is one for each of very many customers and it is never read. */
function ownerKey({ provider, environment, storefront, namespace, customer }: AccountOwner) {
  const fields = [provider, environment, storefront, namespace, customer]
  return hash('sha256', JSON.stringify(fields), 'binary')
}

function scopeOf({ provider, environment, storefront }: AccountOwner): string {
  return JSON.stringify([provider, environment, storefront])
}

function mismatch(cause: string): Problem {
  return new Problem(
    'tokens/exchange-mismatch',
    'The provider named an account that is not this shopper’s.',
    { cause },
  )
}
