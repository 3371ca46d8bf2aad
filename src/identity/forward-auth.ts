import { hash } from 'node:crypto'
import type { Arrival } from '../downstream/accept.ts'
import type { Clock } from '../clock.ts'
import { Problem } from '../problem.ts'
import { readCookie } from './cookie.ts'
import type { Identifier } from './identify.ts'
import type { AskOutside, Reply } from './outside.ts'
import type { Principal } from './principal.ts'
import type { Proofs } from './proofs.ts'
import { createRemembered } from '../remembered.ts'

export interface ForwardAuthOptions {
  readonly storefront: string
  /** The shop's own address that knows whose cookie it is. */
  readonly url: string
  /** What is shown there, and nothing else. */
  readonly proof: { readonly cookie: string } | { readonly header: string }
  /** Lower-case header of the answer that holds the customer's id. */
  readonly idHeader: string
  /** Any spelling of a customer id → the canonical one; throws where it is none. */
  readonly canonicalCustomer: (id: string) => string
  readonly ask: AskOutside
  readonly clock: Clock
}

/** What the shop said about one proof. */
type Verdict =
  | { readonly customer: string | null; readonly until: number; readonly expiresAt: number }
  | { readonly problem: Problem; readonly until: number }

/** How long an answer counts: as long as a log-out at the shop may go unnoticed. */
const REMEMBERED_FOR = 30_000
/** How long a shop that is down is not asked about the same proof. */
const PAUSE = 1_000
const REMEMBERED = 50_000
const MAX_BYTES = 64 * 1024
/** A flood of made-up cookies must not become a flood at the shop. */
const MAX_ASKING = 64

/**
 * Identifies shoppers by asking the shop itself. What it says is remembered for a moment, by hash
 * of the storefront and the proof; the same proof is asked about once at a time.
 */
export function createForwardAuthIdentifier(options: ForwardAuthOptions): Identifier {
  const { storefront, clock } = options
  const verdicts = createRemembered<Verdict>(REMEMBERED)
  const asking = new Map<string, Promise<Verdict>>()

  const find = (key: string): Verdict | null => {
    const verdict = verdicts.get(key)
    return verdict !== undefined && clock.monotonic() < verdict.until ? verdict : null
  }

  const askOnce = (key: string, value: string): Promise<Verdict> => {
    const shared = asking.get(key)
    if (shared !== undefined) return shared
    if (asking.size >= MAX_ASKING) throw unavailable('too many questions at once')
    const started = askShop(options, value)
      .then((verdict) => {
        verdicts.set(key, verdict)
        return verdict
      })
      .finally(() => asking.delete(key))
    asking.set(key, started)
    return started
  }

  const isBearer = 'header' in options.proof && options.proof.header === 'authorization'

  return (proofs, arrival) => {
    const value = readProof(options.proof, proofs, arrival)
    if (value === null) return null
    const key = hash('sha256', JSON.stringify([storefront, value]))
    const known = find(key)
    if (known !== null) return principalOf(known, isBearer)
    return askOnce(key, value).then((verdict) => principalOf(verdict, isBearer))
  }
}

/** The value that is shown; null where there is none. A bearer that another source knows is not. */
function readProof(
  proof: ForwardAuthOptions['proof'],
  proofs: Proofs,
  { headers }: Arrival,
): string | null {
  if ('cookie' in proof) return readCookie(headers['cookie'], proof.cookie)
  if (proof.header !== 'authorization') return headers[proof.header] ?? null
  return proofs.bearer === null ? null : `Bearer ${proofs.bearer.text}`
}

async function askShop(options: ForwardAuthOptions, value: string): Promise<Verdict> {
  const { url, proof, clock, ask } = options
  const [name, shown] =
    'cookie' in proof ? ['cookie', `${proof.cookie}=${value}`] : [proof.header, value]
  try {
    const reply = await ask({ url, headers: { [name]: shown }, maxBytes: MAX_BYTES })
    return read(reply, options)
  } catch (error) {
    const problem = error instanceof Problem ? error : unavailable(error)
    return { problem, until: clock.monotonic() + PAUSE }
  }
}

function read({ status, headers }: Reply, options: ForwardAuthOptions): Verdict {
  const { clock, idHeader } = options
  const until = clock.monotonic() + REMEMBERED_FOR
  if (status === 401 || status === 403) {
    return {
      problem: new Problem('identity/invalid', 'The shop does not accept the proof.'),
      until,
    }
  }
  if (status < 200 || status > 299) throw unavailable(`status ${status}`)
  const id = headers[idHeader]
  const expiresAt = clock.now() + REMEMBERED_FOR
  if (id === undefined || id === '') return { customer: null, until, expiresAt }
  if (typeof id !== 'string') throw unavailable('two ids')
  return { customer: customerOf(id, options), until, expiresAt }
}

function customerOf(id: string, { canonicalCustomer }: ForwardAuthOptions): string {
  try {
    return canonicalCustomer(id)
  } catch {
    throw unavailable('an id that is none')
  }
}

/** Of the platform's own making, so a foreign page could have caused it. */
function principalOf(verdict: Verdict, isBearer: boolean): Principal {
  if ('problem' in verdict) throw verdict.problem
  const { customer, expiresAt } = verdict
  const proof = { isAmbient: true, ...(isBearer ? { isBearer } : {}) } as const
  if (customer === null) return { kind: 'anonymous', channel: 'browser', ...proof }
  return { kind: 'customer', channel: 'browser', customer, expiresAt, session: null, ...proof }
}

function unavailable(cause: unknown): Problem {
  return new Problem('identity/unavailable', 'The shop cannot be asked who calls right now.', {
    retryAfter: 1,
    cause,
  })
}
