import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Finding, Path } from './mistake.ts'

/** Where references lead. */
export interface ReferenceSources {
  readonly env: NodeJS.ProcessEnv
  /** Relative file references start here: the folder of the configuration file. */
  readonly directory: string
}

export interface Resolved {
  readonly value: unknown
  readonly findings: readonly Finding[]
  /** The values that came from a reference: text, whatever it looks like. */
  readonly referenced: readonly Path[]
}

/** Replaces every `${env:NAME}` and `${file:/path}`; what they give is text and is not read again. */
export function resolveReferences(value: unknown, sources: ReferenceSources): Resolved {
  const findings: Finding[] = []
  const referenced: Path[] = []
  const visit = (item: unknown, path: Path): unknown => {
    if (Array.isArray(item)) return item.map((child, index) => visit(child, [...path, index]))
    if (typeof item === 'object' && item !== null) {
      return Object.fromEntries(
        Object.entries(item).map(([key, child]) => [key, visit(child, [...path, key])]),
      )
    }
    if (typeof item !== 'string' || !item.includes('${')) return item
    referenced.push(path)
    return fill(item, sources, (message) => findings.push({ path, message }))
  }
  return { value: visit(value, []), findings, referenced }
}

type Report = (message: string) => void

function fill(text: string, sources: ReferenceSources, report: Report): string {
  const filled = text.replace(/\$\{(env|file):([^{}]+)\}/g, (_all, kind: string, name: string) =>
    kind === 'env' ? fromEnvironment(name, sources, report) : fromFile(name, sources, report),
  )
  const rest = text.replace(/\$\{(env|file):[^{}]+\}/g, '')
  if (rest.includes('${')) report('holds ${ that is neither ${env:NAME} nor ${file:/path}')
  return filled
}

function fromEnvironment(name: string, { env }: ReferenceSources, report: Report): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined) report(`the environment variable ${name} is not set`)
  if (value === '') report(`the environment variable ${name} is empty`)
  return value ?? ''
}

function fromFile(name: string, { directory }: ReferenceSources, report: Report): string {
  const content = readText(resolve(directory, name))
  if (typeof content === 'object') {
    report(`the file ${name} ${content.problem}`)
    return ''
  }
  // Editors and `kubectl` end a file with a line break that is not part of the secret.
  const value = content.replace(/\r?\n$/, '')
  if (value === '') report(`the file ${name} is empty`)
  return value
}

/** A file as text, or why not. Bytes that are no UTF-8 would silently become another secret. */
export function readText(path: string): string | { readonly problem: string } {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    return { problem: unreadable[code] ?? 'cannot be read' }
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'may not be read by this user',
  ENOTDIR: 'does not exist: a part of its path is not a directory',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
}
