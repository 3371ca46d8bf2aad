/** Keys and list positions from the top of the file. */
export type Path = readonly (string | number)[]

/** Something wrong with the configuration, before anybody looked up where it stands. */
export interface Finding {
  readonly path: Path
  /** It is the key that is wrong, not what stands there. */
  readonly at?: 'key'
  /** Follows the path in a sentence: `is empty`. Never holds a configured value. */
  readonly message: string
}

export interface Mistake {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `storefronts.acme.hosts[0]`; empty when it concerns the whole file. */
  readonly path: string
  readonly message: string
}

/** The configuration cannot be used. `message` has one line per mistake, in file order. */
export class ConfigError extends Error {
  readonly mistakes: readonly Mistake[]

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(formatMistake).join('\n'))
    this.name = 'ConfigError'
    this.mistakes = mistakes
  }
}

/** `file:line:column key.path: message`. */
export function formatMistake({ file, line, column, path, message }: Mistake): string {
  const place = `${file}:${line}:${column}`
  return path === '' ? `${place} ${message}` : `${place} ${path}: ${message}`
}

export function formatPath(path: Path): string {
  return path.map(formatSegment).join('').replace(/^\./, '')
}

/** A key that does not look like a name may be a value in the wrong place, and is not shown. */
function formatSegment(segment: string | number): string {
  if (typeof segment === 'number') return `[${segment}]`
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,23}$/.test(segment) ? `.${segment}` : '.[key]'
}
