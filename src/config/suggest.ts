import type { JsonSchema } from './json-schema.ts'
import type { Path } from './mistake.ts'

/** The known key at this place that differs from an unknown one by a slip or two, or null. */
export function suggestKey(schema: JsonSchema, path: Path, key: string): string | null {
  const [best] = keysAt(schema, path)
    .map((known) => ({ known, slips: slips(known.toLowerCase(), key.toLowerCase()) }))
    .filter(({ known, slips }) => slips <= Math.min(2, known.length / 3))
    .sort((left, right) => left.slips - right.slips)
  return best?.known ?? null
}

function keysAt(schema: JsonSchema, path: Path): readonly string[] {
  const [segment, ...rest] = path
  const shapes = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter(isSchema)
  if (segment === undefined) return shapes.flatMap((shape) => Object.keys(shape.properties ?? {}))
  return shapes
    .map((shape) => shape.properties?.[segment] ?? shape.additionalProperties ?? shape.items)
    .filter(isSchema)
    .flatMap((child) => keysAt(child, rest))
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Levenshtein distance. */
function slips(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let y = 0; y < left.length; y++) {
    const next = [y + 1]
    for (let x = 1; x <= right.length; x++) {
      const swap = row[x - 1]! + (right[x - 1] === left[y] ? 0 : 1)
      next.push(Math.min(row[x]! + 1, next[x - 1]! + 1, swap))
    }
    row = next
  }
  return row.at(-1)!
}
