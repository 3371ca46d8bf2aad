import type { z } from 'zod'
import { isLaterKey, notAvailable } from './later.ts'
import type { Finding, Path } from './mistake.ts'

type Issue = z.core.$ZodIssue

/** What zod found, one finding per mistake. */
export function findingsOf(issues: readonly Issue[], suggest: Suggest): readonly Finding[] {
  return issues.flatMap((issue) => findings(issue, suggest))
}

/** The known key that an unknown one was probably meant to be. */
export type Suggest = (path: Path, key: string) => string | null

function findings(issue: Issue, suggest: Suggest): readonly Finding[] {
  const path = pathOf(issue)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, suggest))
    case 'invalid_key':
      return [{ path, at: 'key', message: 'is not a possible name: letters, digits, - and _' }]
    case 'invalid_union':
      return unionFindings(issue, suggest)
    default:
      return [{ path, message: issue.message }]
  }
}

function unknownKey(parent: Path, key: string, suggest: Suggest): Finding {
  const path = [...parent, key]
  if (isLaterKey(key)) return { path, at: 'key', message: notAvailable }
  const meant = suggest(parent, key)
  const hint = meant === null ? '' : `; did you mean ${meant}?`
  return { path, at: 'key', message: `is not a known key${hint}` }
}

/** Of several shapes the one that was meant, if that can be told; else what each would have liked. */
function unionFindings(issue: z.core.$ZodIssueInvalidUnion, suggest: Suggest): readonly Finding[] {
  const path = pathOf(issue)
  const [meant, ...others] = issue.errors.filter((branch) => branch.every(isInside))
  if (meant !== undefined && others.length === 0) {
    return findingsOf(meant, suggest).map((found) => ({ ...found, path: [...path, ...found.path] }))
  }
  const wishes = issue.errors.flat().filter((inner) => !isInside(inner))
  const message = [...new Set(wishes.map((inner) => inner.message))].join(' or ')
  return [{ path, message: message || issue.message }]
}

function isInside(issue: Issue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys'
}

function pathOf(issue: Issue): Path {
  return issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))
}
