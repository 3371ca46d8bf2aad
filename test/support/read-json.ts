import { readFileSync } from 'node:fs'
import type { ZodType } from 'zod'

/** A JSON file of known shape. @param url from `new URL('…', import.meta.url)` */
export function readJson<Shape>(url: URL, schema: ZodType<Shape>): Shape {
  return schema.parse(JSON.parse(readFileSync(url, 'utf8')))
}
