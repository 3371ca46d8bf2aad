export type JsonObject = Readonly<Record<string, unknown>>

/** The body as a JSON object; null when it is anything else. */
export function readObject(bytes: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A non-blank string, else null. */
export function textIn(body: JsonObject, name: string): string | null {
  const value = body[name]
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

/** A finite number, also one written as a string; else null. */
export function numberIn(body: JsonObject, name: string): number | null {
  const value = body[name]
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'string' || !/^-?\d+(\.\d+)?$/.test(value)) return null
  return Number(value)
}
