import type { z } from 'zod'
import type { Provider } from '../provider.ts'
import type { Config } from './config.ts'
import { findingsOf } from './issue-findings.ts'
import { issueMessage } from './issue-message.ts'
import { jsonSchema } from './json-schema.ts'
import { formatPath } from './mistake.ts'
import type { Finding, Path } from './mistake.ts'
import type { Resolved } from './references.ts'
import { configSchema } from './schema.ts'
import { suggestKey } from './suggest.ts'

export interface Validated {
  /** Null where there are findings. */
  readonly config: Config | null
  readonly findings: readonly Finding[]
}

/** The resolved file against the schema. */
export function validate(resolved: Resolved, providers: readonly Provider[]): Validated {
  const { data, error } = parseReferenced(resolved, configSchema(providers))
  if (error === undefined) return { config: data, findings: [] }
  const known = jsonSchema(providers)
  const findings = findingsOf(error.issues, (path, key) => suggestKey(known, path, key))
  return { config: null, findings: findings.map((found) => withoutValue(found, resolved.value)) }
}

/**
 * What a reference gives is text. Where the schema wanted something else, a text that spells it is
 * taken as that: only there, so that a key of digits alone stays a key.
 */
function parseReferenced({ value, referenced }: Resolved, schema: z.ZodType<Config>) {
  const first = schema.safeParse(value, { error: issueMessage })
  const places = new Set(referenced.map(formatPath))
  const texts = (first.error?.issues ?? [])
    .filter(({ code }) => code === 'invalid_type' || code === 'invalid_value')
    .map(({ path }) => path as Path)
    .filter((path) => places.has(formatPath(path)))
  if (texts.length === 0) return first
  const spelled = texts.reduce((root, path) => change(root, path, scalar), value)
  return schema.safeParse(spelled, { error: issueMessage })
}

function scalar(value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (value === 'true' || value === 'false') return value === 'true'
  return /^-?\d{1,15}(\.\d{1,9})?$/.test(value) ? Number(value) : value
}

function change(
  value: unknown,
  [segment, ...rest]: Path,
  replace: (old: unknown) => unknown,
): unknown {
  if (segment === undefined) return replace(value)
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === segment ? change(item, rest, replace) : item))
  }
  const old = value as Readonly<Record<string, unknown>>
  return { ...old, [segment]: change(old[segment], rest, replace) }
}

/** A provider's own messages may quote what they refuse; that could be a secret. */
function withoutValue(finding: Finding, root: unknown): Finding {
  const value = finding.path.reduce<unknown>(child, root)
  const isQuoted = texts(value).some((text) => text.length >= 8 && finding.message.includes(text))
  return isQuoted ? { ...finding, message: 'is not valid' } : finding
}

function child(value: unknown, segment: string | number): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, segment) : undefined
}

function texts(value: unknown): readonly string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(texts)
  return typeof value === 'string' ? [value] : [String(value)]
}
