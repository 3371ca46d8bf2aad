/** One request as it arrived, kept so that a test can read what really went over the wire. */
export interface Received {
  readonly method: string
  /** The request target as it was sent, query included; never decoded. */
  readonly path: string
  /** Names and values in turn, with the sender's spelling, order and repetitions. */
  readonly rawHeaders: readonly string[]
  /** Lower-case names; repeated headers are joined with `, ` so that none is hidden. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty until it has arrived. */
  readonly body: string
  readonly bytes: Buffer
  /** The emulator's clock, epoch milliseconds. */
  readonly at: number
  /** The status answered; 0 while there is no answer, and for ever when the connection was cut. */
  readonly status: number
  /** Which TCP connection it came on; 1 is the first one since the emulator was made. */
  readonly connection: number
}

/** Node drops repeated headers of some names; a recorder must show them, so this joins all. */
export function joinHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const joined = new Map<string, string>()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    const earlier = joined.get(name)
    joined.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  // `fromEntries` defines own properties, so that a header called `__proto__` is only a name.
  return Object.fromEntries(joined)
}
