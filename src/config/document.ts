import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Document, Node, ParsedNode, YAMLError } from 'yaml'
import type { Finding, Path } from './mistake.ts'
import { restoreReferences, shieldReferences } from './reference-syntax.ts'

/** A YAML file as plain values that still know where they stood. */
export interface ConfigDocument {
  readonly value: unknown
  /** What is wrong with the file although it can be read. */
  readonly findings: readonly Finding[]
  /** Where a value or its key stands; for one that is absent, the nearest key above it. */
  readonly locate: (path: Path, part: 'key' | 'value') => Position
}

export interface Position {
  /** Both count from 1. */
  readonly line: number
  readonly column: number
}

/** The text is no YAML, or not one document. Says where, and never what stands there. */
export class SyntaxMistake extends Error {
  readonly position: Position

  constructor(message: string, position: Position) {
    super(message)
    this.name = 'SyntaxMistake'
    this.position = position
  }
}

export function readDocument(text: string): ConfigDocument {
  const lines = new LineCounter()
  // `schema` is named because a `%YAML 1.1` line would otherwise turn `off` into `false`.
  // `prettyErrors` would copy the offending lines, secrets and all, into the messages.
  const document = parseDocument(shieldReferences(text), {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false,
    // Not `silent`: that would let a second document pass unread.
    logLevel: 'error',
  })
  refuseBadSyntax(document, lines)
  const findings: Finding[] = []
  const value = plain(document.contents, [], findings)
  return {
    value,
    findings,
    locate: (path, part) => positionOf(lines, offsetOf(document.contents, path, part)),
  }
}

function refuseBadSyntax(document: Document.Parsed, lines: LineCounter): void {
  // The first one only: what follows a syntax error is mostly its echo.
  const [error] = [...document.errors, ...document.warnings]
  if (error !== undefined) {
    throw new SyntaxMistake(syntaxMessage(error), positionOf(lines, error.pos[0]))
  }
  if (document.contents === null || isEmpty(document.contents)) {
    throw new SyntaxMistake('the file is empty', { line: 1, column: 1 })
  }
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null && (node.source ?? '') === ''
}

/** Own words for each kind of error: the library's can quote the text. */
const syntaxMessages: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'a tab is used for indentation; YAML takes spaces only',
  BAD_INDENT: 'the indentation does not fit',
  MISSING_CHAR: 'something is missing here: a quote, a colon, a comma or a closing bracket',
  MULTIPLE_DOCS: 'the file holds several documents (---); it must be one',
  BAD_SCALAR_START: 'a value that starts with this character needs quotes',
  BAD_DQ_ESCAPE:
    'this escape does not exist in double quotes; single quotes take a backslash as it is',
  BLOCK_AS_IMPLICIT_KEY: 'a second colon on this line: put the value in quotes',
  TAG_RESOLVE_FAILED: 'YAML tags (!…) are not supported here',
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'the file is nested too deeply',
}

function syntaxMessage(error: YAMLError): string {
  return `cannot be read as YAML: ${syntaxMessages[error.code] ?? 'this was not expected here'}`
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

/** A node as plain values. What is refused here is reported and becomes null. */
function plain(node: unknown, path: Path, findings: Finding[]): unknown {
  if (isMap<ParsedNode, ParsedNode | null>(node)) return plainMap(node, path, findings)
  if (isSeq(node)) return node.items.map((item, index) => plain(item, [...path, index], findings))
  if (isScalar(node)) {
    return typeof node.value === 'string' ? restoreReferences(node.value) : node.value
  }
  // Aliases are how a small file becomes a large value; nothing here is long enough to need them.
  if (isAlias(node)) findings.push({ path, message: 'is a YAML alias (*…); write the value out' })
  return null
}

function plainMap(
  map: { readonly items: readonly { key: ParsedNode; value: ParsedNode | null }[] },
  path: Path,
  findings: Finding[],
): unknown {
  const value: Record<string, unknown> = {}
  for (const pair of map.items) {
    const key = keyOf(pair.key)
    const message = Object.hasOwn(value, key) ? 'is there twice' : 'is not a possible key'
    if (key === '__proto__' || Object.hasOwn(value, key))
      findings.push({ path: [...path, key], at: 'key', message })
    else value[key] = plain(pair.value, [...path, key], findings)
  }
  return value
}

function keyOf(node: unknown): string {
  return isScalar(node) ? restoreReferences(String(node.value)) : ''
}

function offsetOf(root: unknown, path: Path, part: 'key' | 'value'): number {
  let node = root
  let offset = startOf(root)
  for (const [depth, segment] of path.entries()) {
    const found = entry(node, segment)
    if (found === null) return offset
    const isLast = depth === path.length - 1
    offset = startOf(found.key ?? found.value)
    if (isLast && part === 'value') return isFilled(found.value) ? startOf(found.value) : offset
    node = found.value
  }
  return offset
}

/** The last one, so that a key that is there twice is reported where it is repeated. */
function entry(node: unknown, segment: string | number): { key: unknown; value: unknown } | null {
  if (isMap(node)) return node.items.findLast((pair) => keyOf(pair.key) === segment) ?? null
  if (isSeq(node) && typeof segment === 'number' && segment < node.items.length) {
    return { key: null, value: node.items[segment] }
  }
  return null
}

function isFilled(node: unknown): boolean {
  return isAlias(node) || isMap(node) || isSeq(node) || (isScalar(node) && !isEmpty(node))
}

function startOf(node: unknown): number {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return 0
  return node.range?.[0] ?? 0
}
