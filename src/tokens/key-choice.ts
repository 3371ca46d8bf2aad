import type { Clock } from '../clock.ts'
import type { Credential } from '../provider.ts'

/**
 * Which of two live keys to use while an operator rotates them: the new one, unless the upstream
 * has just refused it and the old one stands by.
 */
export interface KeyChoice {
  /**
   * The credential itself, or one of its fallbacks. A call that cannot be sent twice is never the
   * one that tries out whether a refused key works by now.
   */
  choose(credential: Credential, storefront: string, isReplayable: boolean): Credential
  /** The upstream refused this key: its fallback is preferred for a while. */
  refused(credential: Credential, storefront: string): void
  /** The upstream took this key. */
  accepted(credential: Credential, storefront: string): void
}

/** How long the other key is preferred before the refused one is tried again. */
const REST = 60_000

export function createKeyChoice(clock: Clock): KeyChoice {
  const restsUntil = new Map<string, number>()

  const choose: KeyChoice['choose'] = (credential, storefront, isReplayable) => {
    if (credential.fallback === null || restsUntil.size === 0) return credential
    const until = restsUntil.get(nameOf(credential, storefront))
    if (until === undefined || (isReplayable && clock.monotonic() >= until)) return credential
    return choose(credential.fallback, storefront, isReplayable)
  }

  return {
    choose,
    refused: (credential, storefront) => {
      restsUntil.set(nameOf(credential, storefront), clock.monotonic() + REST)
    },
    accepted: (credential, storefront) => {
      if (restsUntil.size > 0) restsUntil.delete(nameOf(credential, storefront))
    },
  }
}

/** One way to prove us: two ways of making a token with the same key are told apart. */
function nameOf({ key, token }: Credential, storefront: string): string {
  return JSON.stringify([storefront, key.id, key.fingerprint, token?.kind ?? null])
}
