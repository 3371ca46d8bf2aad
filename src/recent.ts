/**
 * What was worked out of late, by name: for what is always the same and costs more to work out than
 * to look up. Two generations: when the young one is full the old one is forgotten, so that what is
 * asked for again and again stays, and nothing is kept in order on each reading.
 */
export class Recent<Value> {
  readonly #most: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  /** @param most entries of a generation; there are two */
  constructor(most: number) {
    this.#most = most
  }

  get(name: string): Value | undefined {
    const young = this.#young.get(name)
    if (young !== undefined) return young
    const old = this.#old.get(name)
    if (old !== undefined) this.set(name, old)
    return old
  }

  set(name: string, value: Value): void {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, value)
  }
}
