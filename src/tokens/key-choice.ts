import type { Clock } from '../clock.ts'
import type { Credential } from '../provider.ts'

/**
 * Which of several live keys to use while an operator rotates them: the new one, unless the
 * upstream takes another one in its place.
 *
 * One refusal proves little: a single dead token is refused under every key. So a preference
 * changes when another key was *taken* after a refusal, and one shopper's trouble does not move a
 * whole storefront to a key that may be dead.
 */
export interface KeyChoice {
  /**
   * The credential itself, or the one preferred to it. A call that cannot be sent twice is never
   * the one that tries out whether a refused key works by now.
   */
  choose(credential: Credential, storefront: string, isReplayable: boolean): Credential
  /** The upstream refused `used`, one of the ways that begin with `credential`. */
  refused(credential: Credential, used: Credential, storefront: string, isReplayable: boolean): void
  /** The upstream took `used`, one of the ways that begin with `credential`. */
  accepted(credential: Credential, used: Credential, storefront: string): void
}

/** How long another key is preferred before the first one is tried again. */
const REST = 60_000

export function createKeyChoice(clock: Clock): KeyChoice {
  const preferred = new Map<string, { readonly key: Credential; readonly until: number }>()

  const prefer = (credential: Credential, key: Credential, storefront: string) => {
    const name = nameOf(credential, storefront)
    if (isSameWay(key, credential)) preferred.delete(name)
    else preferred.set(name, { key, until: clock.monotonic() + REST })
  }

  const find = (credential: Credential, storefront: string) =>
    credential.fallback === null || preferred.size === 0
      ? undefined
      : preferred.get(nameOf(credential, storefront))

  return {
    choose(credential, storefront, isReplayable) {
      const instead = find(credential, storefront)
      if (instead === undefined) return credential
      if (!isReplayable || clock.monotonic() < instead.until) {
        return sameWayOf(credential, instead.key)
      }
      // This call tries the first one; the next to do so is a while away.
      prefer(credential, instead.key, storefront)
      return credential
    },
    refused(credential, used, storefront, isReplayable) {
      const other = nextWay(credential, used)
      // Where the call is sent again it will show; else the next call has to try the other one.
      if (other !== null && !isReplayable) prefer(credential, other, storefront)
    },
    accepted(credential, used, storefront) {
      const instead = find(credential, storefront)
      if (instead === undefined ? used === credential : isSameWay(instead.key, used)) return
      prefer(credential, used, storefront)
    },
  }
}

/** The way to try after one that was refused, round and round; null where there is only one. */
export function nextWay(credential: Credential, used: Credential): Credential | null {
  return used.fallback ?? (used === credential ? null : credential)
}

/** Calls that differ in other headers share what is known of a key. */
function sameWayOf(credential: Credential, key: Credential): Credential {
  if (isSameWay(credential, key) || credential.fallback === null) return credential
  return sameWayOf(credential.fallback, key)
}

function isSameWay(one: Credential, other: Credential): boolean {
  return (
    one === other ||
    (one.key.id === other.key.id &&
      one.key.fingerprint === other.key.fingerprint &&
      one.token?.kind === other.token?.kind)
  )
}

/** One way to prove us: two ways of making a token with the same key are told apart. */
function nameOf({ key, token }: Credential, storefront: string): string {
  return JSON.stringify([storefront, key.id, key.fingerprint, token?.kind ?? null])
}
