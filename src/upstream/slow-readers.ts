/** An answer to a caller, which can be broken off. */
export interface Breakable {
  destroy(): unknown
}

/**
 * Callers that do not read what they asked for, each of whom holds a connection to the upstream
 * meanwhile (threats T32). So many may; beyond that, the one who has read nothing for longest is let
 * go, so that the rest of the connections is always there for those who do read.
 */
export class SlowReaders {
  readonly #held = new Set<Breakable>()

  /** The caller reads too slowly: the upstream has to wait. */
  hold(response: Breakable): void {
    this.#held.add(response)
    if (this.#held.size <= MOST_HELD) return
    const [longest] = this.#held
    if (longest === undefined) return
    this.#held.delete(longest)
    longest.destroy()
  }

  /** It has read on, or it is over. */
  release(response: Breakable): void {
    this.#held.delete(response)
  }
}

/** A quarter of the connections that a family of routes has. */
export const MOST_HELD = 64
