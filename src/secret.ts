import { hash } from 'node:crypto'
import { inspect } from 'node:util'
import { z } from 'zod'

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

/** A configured secret, for the schemas of the core and of providers. */
export const secretSchema = secretOf(8)

/**
 * Turns a string of at least `minLength` characters into a `Secret`. What was forgotten (empty,
 * cut short, pasted with its line break, a placeholder) is refused, and the refusal never repeats
 * the value.
 */
export function secretOf(minLength: number) {
  return z
    .string()
    .min(1, 'is empty')
    .superRefine((value, context) => {
      const weakness = value === '' ? null : weaknessOf(value, minLength)
      if (weakness !== null) context.addIssue({ code: 'custom', message: weakness })
    })
    .transform((value) => new Secret(value))
}

function weaknessOf(value: string, minLength: number): string | null {
  if (value.trim() === '') return 'is empty'
  if (isPlaceholder(value)) return 'is a placeholder, not a secret'
  if (value !== value.trim()) return 'has white space around it'
  if (/\p{Cc}/u.test(value)) return 'holds a line break or another control character'
  if (value.length < minLength) return `is too short: a secret has at least ${minLength} characters`
  return null
}

/** A reference that nobody resolved, something in brackets, or one filler character throughout. */
const unfilled =
  /^\w{0,8}[<[{(].*[>\]})]$|\$\{|^\$\w+$|^%\w+%$|^(?:[a-z]{1,4}[_-])?([x*.?#_-])\1{2,}$|^x+[x-]*x$/i

/** Words that say a value is still to come. */
const markers = words(
  'add change changeit changeme dummy enter example fake fill fixme goes here insert paste please ' +
    'placeholder put replace replaceme sample some tbd todo xxx your yourapikey yourkey yoursecret',
)

/** Words that name a secret, and those between them. */
const names = words(
  'a actual an api apikey in it key keys me my no none null of password real secret secretkey ' +
    'session shop signing signingsecret storefront string super supersecret test the this to token ' +
    'undefined unset value with',
)

function isPlaceholder(value: string): boolean {
  const text = value.trim().toLowerCase()
  if (unfilled.test(text)) return true
  const found = words(text)
  if (found.size === 0 || text.replace(/\D/g, '').length > 4) return false
  if (![...found].every((word) => markers.has(word) || names.has(word))) return false
  return text.length < 24 || [...found].some((word) => markers.has(word))
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/[^a-z]+/).filter((word) => word !== ''))
}
