/**
 * A scan for secrets over whatever a gateway emits. Knows the clothes in which a secret gets out:
 * as it is, percent-encoded, in hex, in base64 (also as a part of something longer), in JSON
 * escapes. Any suite can use it: collect what came out, name the secrets, and expect no hits.
 */
export interface Emitted {
  /** Where it came out: `the log`, `the body of GET /session`. */
  readonly place: string
  readonly text: string
}

/** One line for each secret in each place. Empty where nothing has leaked. */
export function canaryHits(
  emitted: readonly Emitted[],
  secrets: Readonly<Record<string, string>>,
): string[] {
  const needles = Object.entries(secrets).map(([name, value]) => ({ name, forms: formsOf(value) }))
  return emitted.flatMap(({ place, text }) => {
    const haystacks = readingsOf(text)
    return needles
      .filter(({ forms }) => haystacks.some((hay) => forms.some((form) => hay.includes(form))))
      .map(({ name }) => `${name} in ${place}`)
  })
}

/** Shorter than this, a piece of base64 occurs by chance. */
const SHORTEST = 8

/** How a value may be spelled within a text. */
export function formsOf(value: string): string[] {
  if (value.length < SHORTEST)
    throw new Error('a canary must be long enough not to occur by chance')
  const bytes = Buffer.from(value)
  const hex = bytes.toString('hex')
  return [value, hex, hex.toUpperCase(), value.split('').toReversed().join(''), ...base64Of(bytes)]
}

/** In base64 a value looks different at each of three places; the ends depend on the neighbours. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const inner = shifted.slice(Math.ceil((offset * 8) / 6), -1)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

/** The text as it is, and as readers further on would unescape it. */
function readingsOf(text: string): string[] {
  const once = percentDecoded(text)
  const unescaped = text.replaceAll(/\\u([0-9a-fA-F]{4})/g, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  return [...new Set([text, once, percentDecoded(once), unescaped])]
}

function percentDecoded(text: string): string {
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}
