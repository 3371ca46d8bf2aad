/**
 * A scan for secrets over whatever a gateway emits. Knows the clothes in which a secret gets out:
 * as it is, percent-encoded, in hex, in base64 (also as a part of something longer), in JSON
 * escapes, backwards, in two chunks. Any suite can use it: collect what came out, name the
 * secrets, and expect no hits.
 */
export interface Emitted {
  /** Where it came out: `the log`, `the answer to GET /session`. */
  readonly place: string
  readonly text: string | Buffer
}

export interface Hit {
  readonly name: string
  readonly place: string
}

/** One line for each secret in each place. Empty where nothing has leaked. */
export function canaryHits(
  emitted: readonly Emitted[],
  secrets: Readonly<Record<string, string>>,
): string[] {
  return findCanaries(emitted, Object.entries(secrets)).map(
    ({ name, place }) => `${name} in ${place}`,
  )
}

/** One hit for each secret in each place. */
export function findCanaries(
  emitted: readonly Emitted[],
  secrets: Iterable<readonly [name: string, value: string]>,
): Hit[] {
  const find = createFinder([...secrets])
  return emitted.flatMap(({ place, text }) => {
    const names = new Set(readingsOf(text).flatMap((reading) => find(reading)))
    return [...names].map((name) => ({ name, place }))
  })
}

/** Shorter than this, a piece of base64 occurs by chance. */
export const SHORTEST_CANARY = 8

/** How a value may be spelled within a text. */
export function formsOf(value: string): string[] {
  if (value.length < SHORTEST_CANARY)
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

interface Needle {
  readonly name: string
  readonly bytes: Buffer
  /** Where in it the four bytes are under which it is filed. */
  readonly offset: number
}

/**
 * Finds any of many needles in one pass over some megabytes, after Wu and Manber: whatever is as
 * long as the shortest needle holds four bytes of it at a multiple of the step.
 */
function createFinder(
  secrets: readonly (readonly [name: string, value: string])[],
): (text: Buffer) => string[] {
  const forms = secrets.flatMap(([name, value]) =>
    formsOf(value).map((form) => ({ name, bytes: Buffer.from(form) })),
  )
  const shortest = Math.min(...forms.map(({ bytes }) => bytes.length))
  const step = shortest - 3
  const filed = new Map<number, Needle[]>()
  const isFiled = new Uint8Array(1 << 16)
  for (const form of forms) {
    for (let offset = 0; offset < step; offset += 1) {
      const four = form.bytes.readUInt32LE(offset)
      const found = filed.get(four)
      if (found === undefined) filed.set(four, [{ ...form, offset }])
      else found.push({ ...form, offset })
      isFiled[slotOf(four)] = 1
    }
  }

  return (text) => {
    const names: string[] = []
    for (let at = 0; at + 4 <= text.length; at += step) {
      const four = text.readUInt32LE(at)
      if (isFiled[slotOf(four)] === 0) continue
      for (const { name, bytes, offset } of filed.get(four) ?? []) {
        const start = at - offset
        if (start >= 0 && bytes.equals(text.subarray(start, start + bytes.length))) names.push(name)
      }
    }
    return names
  }
}

function slotOf(four: number): number {
  return Math.imul(four, 0x9e3779b1) >>> 16
}

/** The text as it is, and as readers further on would put it together and unescape it. */
function readingsOf(given: string | Buffer): Buffer[] {
  const bytes = typeof given === 'string' ? Buffer.from(given) : given
  const isEncoded = bytes.includes('%') || bytes.includes('\\u')
  const isChunked = bytes.includes('\r\n\r\n') && bytes.includes('\r\n0\r\n')
  if (!isEncoded && !isChunked) return [bytes]
  const text = bytes.toString('latin1')
  const whole = isChunked ? text.replaceAll(/\r\n[0-9a-fA-F]{1,8}\r\n/g, '') : text
  const once = percentDecoded(whole)
  const unescaped = whole.replaceAll(/\\u([0-9a-fA-F]{4})/g, fromHex)
  const further = [whole, once, percentDecoded(once), unescaped]
  return [bytes, ...[...new Set(further)].map((reading) => Buffer.from(reading, 'latin1'))]
}

function percentDecoded(text: string): string {
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, fromHex)
}

function fromHex(_all: string, code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16))
}
