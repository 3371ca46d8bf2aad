import { hash } from 'node:crypto'
import { inspect } from 'node:util'

/**
 * A string that cannot be printed by accident: template literals, `JSON.stringify`, `console.log`
 * and error messages all show `[secret]`. `reveal()` is called only on the line that signs or
 * sends the value.
 */
export class Secret {
  readonly #value: string

  /**
   * First 16 hex digits of SHA-256 over the value: tells two secrets apart in cache keys and
   * `check` output without giving either away.
   */
  readonly fingerprint: string

  constructor(value: string) {
    this.#value = value
    this.fingerprint = hash('sha256', value, 'hex').slice(0, 16)
  }

  /** The value itself. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
