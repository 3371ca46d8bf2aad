import { hash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { Problem } from '../problem.ts'
import { readClaims } from './compact-jws.ts'
import type { AskOutside } from './outside.ts'
import { readVerificationKey } from './verification-key.ts'
import type { VerificationKey } from './verification-key.ts'

/** The keys of one issuer, as they are now. */
export interface KeySet {
  readonly keys: readonly VerificationKey[]
  /** Changes with the keys: what was verified under other ones is verified again. */
  readonly epoch: string
}

export interface KeySource {
  /** The keys at hand; null where they have to be fetched first. */
  current(): KeySet | null
  /** Waits for keys where there are none. Throws `identity/unavailable`. */
  load(): Promise<KeySet>
  /**
   * Asks whether there are newer keys, because a token names one that is not there. At most once
   * per cool-down. Throws `identity/unavailable` where that could not be found out.
   */
  reload(): Promise<KeySet>
}

/** Keys that stand in the configuration. */
export function createFixedKeys(keys: readonly VerificationKey[]): KeySource {
  const set: KeySet = { keys, epoch: '' }
  return { current: () => set, load: async () => set, reload: async () => set }
}

/** From here on a key set is looked up again, in the background. */
const FRESH = 10 * 60_000
/** How long a set serves while newer ones cannot be had (threats T22). */
const USABLE = 6 * 3_600_000
/** Between two look-ups that tokens have caused. */
const COOL_DOWN = 30_000
/** Between two look-ups while the issuer is down. */
const PAUSE = 5_000
const MAX_BYTES = 64 * 1024
const MAX_KEYS = 100

/** Keys that the issuer publishes. A look-up that fails changes nothing. */
export function createRemoteKeys(url: string, ask: AskOutside, clock: Clock): KeySource {
  let known: (KeySet & { readonly at: number }) | null = null
  let last: { readonly at: number; readonly failure: unknown } | null = null
  let running: Promise<KeySet> | null = null

  const age = (at: number) => clock.monotonic() - at

  function fetch(): Promise<KeySet> {
    running ??= look()
      .then((set) => {
        known = { ...set, at: clock.monotonic() }
        last = { at: clock.monotonic(), failure: null }
        return known
      })
      .catch((failure: unknown) => {
        last = { at: clock.monotonic(), failure }
        throw unavailable(failure)
      })
      .finally(() => {
        running = null
      })
    return running
  }

  async function look(): Promise<KeySet> {
    const answer = await ask({ url, headers: { accept: 'application/json' }, maxBytes: MAX_BYTES })
    if (answer.status !== 200) throw new Error(`status ${answer.status}`)
    return readKeySet(answer.body)
  }

  function current(): KeySet | null {
    if (known === null || age(known.at) > USABLE) return null
    const isDue = age(known.at) > FRESH && (last === null || age(last.at) > COOL_DOWN)
    // Nobody waits for it; a failure is remembered and tried again.
    if (isDue) fetch().catch(() => undefined)
    return known
  }

  return {
    current,
    async load() {
      const set = current()
      if (set !== null) return set
      // Only a failure leaves nothing that serves so soon after a look-up.
      if (last !== null && age(last.at) < PAUSE) throw unavailable(last.failure)
      return fetch()
    },
    async reload() {
      if (running !== null) return running
      if (last === null || age(last.at) >= COOL_DOWN) return fetch()
      if (last.failure !== null) throw unavailable(last.failure)
      return known ?? fetch()
    },
  }
}

/** Throws for what is no key set, and for one without a usable key: it must not replace a good one. */
function readKeySet(text: string): KeySet {
  const published = readClaims(text)?.['keys']
  if (!Array.isArray(published) || published.length > MAX_KEYS) throw new Error('no key set')
  const keys = published.map(readVerificationKey).filter((key) => key !== null)
  if (keys.length === 0) throw new Error('no usable key')
  return { keys, epoch: hash('sha256', text) }
}

function unavailable(cause: unknown): Problem {
  return new Problem('identity/unavailable', 'The keys of the log-in cannot be had right now.', {
    retryAfter: PAUSE / 1000,
    cause,
  })
}
