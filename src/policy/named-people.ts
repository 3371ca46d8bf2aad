import { Problem } from '../problem.ts'
import type { Upstream } from '../provider.ts'

/**
 * Whether a query or body name always means a person. Any spelling of it does: readers differ in
 * what they take for the same name.
 */
export function isPersonal(name: string, { personal }: Upstream): boolean {
  let names = plainNames.get(personal)
  if (names === undefined) plainNames.set(personal, (names = new Set(personal.map(plainName))))
  return names.has(plainName(name))
}

/** An upstream's names, made plain once. */
const plainNames = new WeakMap<readonly string[], ReadonlySet<string>>()

function plainName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
}

export function refusePerson(name: string): never {
  throw new Problem('policy/subject-mismatch', `The call may not name anybody by ${name}.`)
}

export function somebodyElse(): Problem {
  return new Problem('policy/subject-mismatch', 'The call names somebody else.')
}

export function malformed(detail: string, cause?: unknown): Problem {
  return new Problem('downstream/malformed', detail, { cause })
}
