/** JSON of any shape, read by name; what is missing is `undefined`. */
export interface Json {
  readonly [name: string]: Json | undefined
}

export function parseJson(text: string): Json {
  return JSON.parse(text) as Json
}

/** For a value of an answer that goes into the next call. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new Error(`Expected text, got ${typeof value}`)
}
