import type { Answer, AnswerBody } from './call.ts'

/** Which requests a fault is for; what is left out matches everything. */
export interface Match {
  readonly method?: string
  /** A string is the whole path without its query; an expression is tried on path and query. */
  readonly path?: string | RegExp
}

export interface FaultAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: AnswerBody
  /** After this many requests the rule is used up; without it, it stays. */
  readonly times?: number
}

/** `before-headers`: not a byte is answered. `mid-body`: the head and half of the body. */
export type CutPlace = 'before-headers' | 'mid-body'

export interface Times {
  readonly times?: number
}

/**
 * Trouble on request. Rules of one kind are used in the order in which they were asked for, each
 * until its `times` are over; rules of different kinds add up (a slow 503, a 200 that is cut).
 * A rule speaks before any check: a provider that is down does not look at credentials.
 */
export interface Faults {
  respond(match: Match, answer: FaultAnswer): void
  delay(match: Match, milliseconds: number, times?: Times): void
  cut(match: Match, place: CutPlace, times?: Times): void
  /** Refuses exactly this token or key from now on. */
  revoke(credential: string): void
  /** Refuses every token that was made up to and including this second of the emulator's clock. */
  revokeEverything(): void
  /** Forgets every rule and every revocation. */
  clear(): void
}

export interface Plan {
  readonly answer: Answer | null
  readonly delay: number
  readonly cut: CutPlace | null
}

export interface FaultDesk {
  readonly faults: Faults
  /** What is to happen to this request; uses up the `times` of the rules it takes. */
  plan(method: string, target: string): Plan
  isRevoked(credential: string, madeAtSeconds?: number): boolean
}

export function createFaults(now: () => number): FaultDesk {
  const answers: Rule<Answer>[] = []
  const delays: Rule<number>[] = []
  const cuts: Rule<CutPlace>[] = []
  const revoked = new Set<string>()
  let revokedUntil = Number.NEGATIVE_INFINITY

  const faults: Faults = {
    respond(match, { times, ...answer }) {
      answers.push(makeRule(match, answer, times))
    },
    delay(match, milliseconds, { times } = {}) {
      delays.push(makeRule(match, milliseconds, times))
    },
    cut(match, place, { times } = {}) {
      cuts.push(makeRule(match, place, times))
    },
    revoke(credential) {
      revoked.add(credential)
    },
    revokeEverything() {
      revokedUntil = Math.floor(now() / 1000)
    },
    clear() {
      for (const rules of [answers, delays, cuts]) rules.length = 0
      revoked.clear()
      revokedUntil = Number.NEGATIVE_INFINITY
    },
  }

  return {
    faults,
    plan: (method, target) => ({
      answer: take(answers, method, target),
      delay: take(delays, method, target) ?? 0,
      cut: take(cuts, method, target),
    }),
    isRevoked: (credential, madeAtSeconds = Number.POSITIVE_INFINITY) =>
      revoked.has(credential) || madeAtSeconds <= revokedUntil,
  }
}

interface Rule<Effect> {
  readonly match: Match
  readonly effect: Effect
  left: number
}

function makeRule<Effect>(match: Match, effect: Effect, times = Infinity): Rule<Effect> {
  return { match, effect, left: times }
}

function take<Effect>(rules: Rule<Effect>[], method: string, target: string): Effect | null {
  const rule = rules.find((rule) => rule.left > 0 && matches(rule.match, method, target))
  if (rule === undefined) return null
  rule.left -= 1
  return rule.effect
}

function matches(match: Match, method: string, target: string): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== method) return false
  if (match.path === undefined) return true
  if (typeof match.path === 'string') return match.path === target.split('?', 1)[0]
  // `search` ignores the state that a /g expression carries from one request to the next.
  return target.search(match.path) !== -1
}
