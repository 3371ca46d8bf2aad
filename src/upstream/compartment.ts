import type { Upstream } from '../provider.ts'
import { Breaker } from './breaker.ts'
import { Bulkhead } from './bulkhead.ts'
import { RetryBudget } from './retry-budget.ts'
import { SlowReaders } from './slow-readers.ts'

/** What keeps one family of routes of one storefront's upstream from harming the others. */
export interface Compartment {
  readonly breaker: Breaker
  readonly bulkhead: Bulkhead
  readonly slowReaders: SlowReaders
  /** One for all families of the upstream. */
  readonly retries: RetryBudget
}

/** Made when it is first asked for. An upstream belongs to one storefront. */
export type Compartments = (upstream: Upstream, family: string) => Compartment

/** The family of the exchanges. */
export const EXCHANGES = 'exchange'

/** Calls to a family of routes are held back from now on, or no more. */
export type OnCircuit = (upstream: Upstream, family: string, isOpen: boolean) => void

export function createCompartments(onCircuit: OnCircuit): Compartments {
  const known = new WeakMap<Upstream, Map<string, Compartment>>()

  const create = (upstream: Upstream, family: string, retries: RetryBudget): Compartment => ({
    breaker: new Breaker(upstream.title, (isOpen) => onCircuit(upstream, family, isOpen)),
    bulkhead: new Bulkhead(upstream.title),
    slowReaders: new SlowReaders(),
    retries,
  })

  return (upstream, family) => {
    let families = known.get(upstream)
    if (families === undefined) known.set(upstream, (families = new Map()))
    const compartment = families.get(family)
    if (compartment !== undefined) return compartment
    const [sibling] = families.values()
    const created = create(upstream, family, sibling?.retries ?? new RetryBudget())
    families.set(family, created)
    return created
  }
}
