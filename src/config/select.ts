import type { Path } from './mistake.ts'

/** A value of the file, and where it was. */
export interface Found {
  readonly path: Path
  readonly value: unknown
}

/**
 * Everything at a path like `storefronts.*.hosts.*`. Takes a file that may be wrong elsewhere: what
 * is not there, or has another shape, is not found.
 */
export function select(root: unknown, pattern: string): readonly Found[] {
  return pattern
    .split('.')
    .reduce<readonly Found[]>(
      (found, segment) => found.flatMap((parent) => children(parent, segment)),
      [{ path: [], value: root }],
    )
}

/** The strings among them. */
export function selectText(root: unknown, pattern: string): readonly (Found & { value: string })[] {
  return select(root, pattern).filter(isText)
}

function isText(found: Found): found is Found & { value: string } {
  return typeof found.value === 'string'
}

function children({ path, value }: Found, segment: string): readonly Found[] {
  if (typeof value !== 'object' || value === null) return []
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value)
  return [...keys]
    .filter((key) => segment === '*' || key === segment)
    .map((key) => ({ path: [...path, key], value: Reflect.get(value, key) }))
}
