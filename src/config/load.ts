import { dirname, resolve } from 'node:path'
import type { Provider } from '../provider.ts'
import type { Config } from './config.ts'
import { findConflicts } from './conflicts.ts'
import { SyntaxMistake, readDocument } from './document.ts'
import type { ConfigDocument, Position } from './document.ts'
import { ConfigError, formatPath } from './mistake.ts'
import type { Finding, Mistake, Path } from './mistake.ts'
import { readText, resolveReferences } from './references.ts'
import { findSecretReuse } from './secret-reuse.ts'
import { validate } from './validate.ts'

export interface LoadOptions {
  readonly providers: readonly Provider[]
  /** Where `${env:NAME}` looks; the process's own by default. */
  readonly env?: NodeJS.ProcessEnv
}

export interface ParseOptions extends LoadOptions {
  /** Names the text in messages; relative `${file:…}` references start in its folder. */
  readonly file?: string
}

/** Reads and checks a configuration file. Throws `ConfigError` with every mistake in it. */
export function loadConfig(file: string, options: LoadOptions): Config {
  const text = readText(file)
  if (typeof text === 'string') return parseConfig(text, { ...options, file })
  throw new ConfigError([
    { file, line: 1, column: 1, path: '', message: `the file ${text.problem}` },
  ])
}

/** The same for a text that is already there. */
export function parseConfig(text: string, options: ParseOptions): Config {
  const file = options.file ?? 'gatehouse.yaml'
  const document = openDocument(text, file)
  const sources = { env: options.env ?? process.env, directory: dirname(resolve(file)) }
  const resolved = resolveReferences(document.value, sources)
  const { config, findings } = validate(resolved, options.providers)
  const unreadable = [...document.findings, ...resolved.findings]
  const broken = unreadable.map(({ path }) => path)

  const all = [
    ...unreadable,
    ...[
      ...findings,
      ...findConflicts(resolved.value),
      ...findSecretReuse(resolved.value, options.providers),
    ].filter(({ path }) => !broken.some((start) => isWithin(path, start))),
  ]
  if (config === null || all.length > 0) throw new ConfigError(mistakes(all, document, file))
  return config
}

function openDocument(text: string, file: string): ConfigDocument {
  try {
    return readDocument(text)
  } catch (error) {
    if (!(error instanceof SyntaxMistake)) throw error
    throw new ConfigError([{ file, ...error.position, path: '', message: error.message }])
  }
}

/** What follows from a value that could not be had is no further mistake. */
function isWithin(path: Path, start: Path): boolean {
  return start.every((segment, index) => path[index] === segment)
}

function mistakes(
  findings: readonly Finding[],
  document: ConfigDocument,
  file: string,
): readonly Mistake[] {
  const placed = findings.map((finding) => ({
    position: document.locate(finding.path, finding.at ?? 'value'),
    path: formatPath(finding.path),
    message: finding.message,
  }))
  const unique = new Map(placed.map((mistake) => [JSON.stringify(mistake), mistake]))
  return [...unique.values()]
    .sort((left, right) => byPosition(left.position, right.position))
    .map(({ position, path, message }) => ({ file, ...position, path, message }))
}

function byPosition(left: Position, right: Position): number {
  return left.line - right.line || left.column - right.column
}
