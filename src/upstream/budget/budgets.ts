import type { BudgetConfig } from '../../config/budget.ts'
import type { Clock } from '../../clock.ts'
import type { Credential, Route, TokenKind, Upstream } from '../../provider.ts'
import { Budget } from './budget.ts'
import type { BudgetRule, Gate, Schedule } from './budget.ts'
import { Uncounted } from './uncounted.ts'

/** The budgets of all keys in use. Storefronts that share a key share its budget. */
export interface Budgets {
  /** What the operator of a storefront wants of one upstream, before it is first called. */
  configure(upstream: Upstream, config: BudgetConfig): void
  /** What a call on this route, with this credential, is counted by. */
  forCall(upstream: Upstream, route: Route, credential: Credential): Gate
  /** What an exchange for this kind of token is counted by. */
  forExchange(upstream: Upstream, kind: TokenKind, keyFingerprint: string): Gate
  /** Calls left of each budget that counts. */
  readonly left: readonly BudgetLeft[]
}

export interface BudgetLeft {
  readonly provider: string
  /** First 8 characters of the key's fingerprint. */
  readonly key: string
  readonly bucket: string
  readonly free: number
}

export interface BudgetsParts {
  readonly clock: Clock
  readonly schedule: Schedule
  /** A call went out over its budget: observe-only mode. */
  readonly onOver: (provider: string, bucket: string) => void
}

/** Which calls are counted together, and by which rule; null where none are. */
interface Bucket {
  readonly name: string
  readonly rule: BudgetRule | null
}

/** Calls on a route, or exchanges for a kind of token. */
type Counted = Route | TokenKind

/** A rule of the operator's is for all calls with a key. */
const EVERYTHING = '*'

export function createBudgets(parts: BudgetsParts): Budgets {
  const configs = new WeakMap<Upstream, BudgetConfig>()
  /** Filled in by the first call of each kind. */
  const prepared = new WeakMap<Upstream, Map<Counted, Map<string, Gate>>>()
  const gates = new Map<string, { gate: Gate; left: BudgetLeft | null }>()

  function find(upstream: Upstream, counted: Counted, key: string): Gate {
    let byKind = prepared.get(upstream)
    if (byKind === undefined) prepared.set(upstream, (byKind = new Map()))
    let byKey = byKind.get(counted)
    if (byKey === undefined) byKind.set(counted, (byKey = new Map()))
    let gate = byKey.get(key)
    if (gate === undefined) byKey.set(key, (gate = shared(upstream, counted, key)))
    return gate
  }

  function shared(upstream: Upstream, counted: Counted, key: string): Gate {
    const bucket = bucketOf(counted, configs.get(upstream) ?? 'published')
    const { provider, origin } = upstream
    const id = JSON.stringify([provider, origin, key, bucket.name, bucket.rule === null])
    const known = gates.get(id)
    if (known === undefined) return add(id, upstream, key, bucket)
    if (bucket.rule !== null && known.gate instanceof Budget) known.gate.tighten(bucket.rule)
    return known.gate
  }

  function add(id: string, { provider, title }: Upstream, key: string, bucket: Bucket): Gate {
    const { clock, schedule } = parts
    const { name, rule } = bucket
    if (rule === null) {
      const gate = new Uncounted(clock, title)
      gates.set(id, { gate, left: null })
      return gate
    }
    const onOver = () => parts.onOver(provider, name)
    const gate = new Budget(rule, { clock, schedule, title, onOver })
    const left = {
      provider,
      key: key.slice(0, 8),
      bucket: name,
      get free() {
        return gate.free
      },
    }
    gates.set(id, { gate, left })
    return gate
  }

  return {
    configure: (upstream, config) => void configs.set(upstream, config),
    forCall: (upstream, route, { key, token }) =>
      find(upstream, route, token?.countedBy ?? key.fingerprint),
    forExchange: (upstream, kind, keyFingerprint) =>
      find(upstream, kind, kind.countedBy ?? keyFingerprint),
    get left() {
      return [...gates.values()].flatMap(({ left }) => left ?? [])
    },
  }
}

function bucketOf(counted: Counted, config: BudgetConfig): Bucket {
  const { quota } = counted
  const own = quota?.bucket ?? ownName(counted)
  if (config === 'off') return { name: own, rule: null }
  if (config !== 'published') return { name: EVERYTHING, rule: config }
  return { name: own, rule: quota === undefined ? null : { ...quota, observe: false } }
}

function ownName(counted: Counted): string {
  return 'path' in counted ? `${counted.method} ${counted.path}` : `exchange ${counted.kind}`
}
