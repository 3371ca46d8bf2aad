/**
 * Stage 2: who calls.
 *
 * Owns the decision whose request this is. Each configured identity source is asked in turn and
 * answers: a principal, "not mine" (null), or a problem (mine, and bad). Does not decide what the
 * principal may do. Called by the gateway for every request of a storefront.
 */
import type { Arrival } from '../downstream/accept.ts'
import { Problem } from '../problem.ts'
import { channelOf } from './channel.ts'
import type {
  AnonymousPrincipal,
  CustomerPrincipal,
  Principal,
  ServicePrincipal,
} from './principal.ts'
import { readProofs } from './proofs.ts'
import type { Proofs } from './proofs.ts'

/**
 * One way to prove who calls. Returns null where the material is not its own, throws `identity/*`
 * where it is and does not hold; a cookie that does not hold is an anonymous principal with a
 * `refusal`, since it may be a stale one. A guest of the shop is anonymous without one. Returns a
 * promise only where it must wait.
 */
export type Identifier = (
  proofs: Proofs,
  arrival: Arrival,
) => Principal | null | Promise<Principal | null>

export type Identify = (arrival: Arrival) => Principal | Promise<Principal>

export interface IdentifyOptions {
  /** Asked in this order, which is the configuration's. */
  readonly identifiers: readonly Identifier[]
  /** Any spelling of a customer id → the canonical one. Throws `downstream/malformed`. */
  readonly canonicalCustomer: (id: string) => string
}

const nobody = {
  browser: { kind: 'anonymous', channel: 'browser' },
  app: { kind: 'anonymous', channel: 'app' },
  server: { kind: 'anonymous', channel: 'server' },
} as const satisfies Record<string, AnonymousPrincipal>

const NONE: readonly Principal[] = []

/** Asks the sources in turn. A bearer that one has claimed is not shown to the next. */
export function createIdentify({ identifiers, canonicalCustomer }: IdentifyOptions): Identify {
  return (arrival) => {
    const proofs = readProofs(arrival.headers)
    const found = ask(0, proofs, arrival, NONE)
    return found instanceof Promise
      ? concludeLater(found, proofs, arrival)
      : conclude(found, proofs, arrival)
  }

  function ask(
    from: number,
    proofs: Proofs,
    arrival: Arrival,
    earlier: readonly Principal[],
  ): readonly Principal[] | Promise<readonly Principal[]> {
    let found = earlier
    let left = proofs
    for (let at = from; ; at += 1) {
      const identifier = identifiers[at]
      if (identifier === undefined) return found
      const answer = identifier(left, arrival)
      if (answer instanceof Promise) return askOn(at + 1, answer, left, arrival, found)
      left = unclaimed(left, answer)
      found = add(found, answer)
    }
  }

  // Functions of their own: a closure where it is seldom needed is made on every call.
  async function askOn(
    from: number,
    answer: Promise<Principal | null>,
    proofs: Proofs,
    arrival: Arrival,
    earlier: readonly Principal[],
  ): Promise<readonly Principal[]> {
    const late = await answer
    return ask(from, unclaimed(proofs, late), arrival, add(earlier, late))
  }

  async function concludeLater(
    found: Promise<readonly Principal[]>,
    proofs: Proofs,
    arrival: Arrival,
  ): Promise<Principal> {
    return conclude(await found, proofs, arrival)
  }

  function conclude(found: readonly Principal[], proofs: Proofs, arrival: Arrival): Principal {
    const isClaimed = proofs.bearer === null || found.some(({ isBearer }) => isBearer === true)
    if (!isClaimed) throw new Problem('identity/invalid', 'The bearer token is not known here.')
    const principal = found.length === 0 ? nobody[channelOf(arrival.headers)] : combine(found)
    const acted = arrival.headers['x-gatehouse-customer']
    return acted === undefined ? principal : actFor(principal, canonicalCustomer(acted))
  }
}

function unclaimed(proofs: Proofs, answer: Principal | null): Proofs {
  return answer?.isBearer === true ? { ...proofs, bearer: null } : proofs
}

function add(found: readonly Principal[], answer: Principal | null): readonly Principal[] {
  if (answer === null) return found
  return found.length === 0 ? [answer] : [...found, answer]
}

/** What several proofs say together: one caller, and the strongest of the proofs for it. */
function combine(found: readonly Principal[]): Principal {
  const [only, another] = found
  if (only !== undefined && another === undefined) return only
  const proven = found.filter((principal) => principal.kind !== 'anonymous')
  const nobodies = found.filter((principal) => principal.kind === 'anonymous')
  const [first, ...others] = proven
  if (first === undefined) return combineNobodies(nobodies)
  if (others.some((other) => !isSame(first, other))) {
    throw new Problem('identity/invalid', 'The call carries proofs of two different callers.')
  }
  const wrong = nobodies.find(isWrong)?.refusal
  if (wrong !== undefined) throw wrong
  // A page can make a browser send a cookie, but not a bearer: that one decides.
  const strongest = proven.find(({ isAmbient }) => isAmbient === undefined) ?? first
  const cleared = clearing(found)
  return cleared.length === 0 ? strongest : { ...strongest, clearCookies: cleared }
}

/** Guests and stale cookies. One that is wrong outweighs all others. */
function combineNobodies(nobodies: readonly AnonymousPrincipal[]): Principal {
  const worst = nobodies.find(isWrong) ?? nobodies.find(({ refusal }) => refusal !== undefined)
  const isAmbient = nobodies.some((guest) => guest.isAmbient === true)
  const base: AnonymousPrincipal = worst ?? nobodies[0] ?? nobody.browser
  return { ...base, ...(isAmbient ? { isAmbient } : {}), clearCookies: clearing(nobodies) }
}

function clearing(found: readonly Principal[]): readonly string[] {
  return found.flatMap(({ clearCookies = [] }) => clearCookies)
}

function isWrong({ refusal }: AnonymousPrincipal): boolean {
  return refusal !== undefined && refusal.code !== 'identity/expired'
}

type Proven = CustomerPrincipal | ServicePrincipal

function isSame(one: Proven, other: Proven): boolean {
  return one.kind === other.kind && idOf(one) === idOf(other)
}

function idOf(proven: Proven): string {
  return proven.kind === 'service' ? proven.id : proven.customer
}

/** Only a server may name somebody else; whether this one may is for `decide`. */
function actFor(principal: Principal, customer: string): Principal {
  if (principal.kind === 'service') return { ...principal, customer }
  throw new Problem('identity/missing', 'Only a service key may act for a customer.')
}
