/** What a configuration may hold in a later version: named here so that the refusal can say so. */

export const notAvailable = 'is not available in this version'

const keys = new Set(['tls', 'basePath'])

const types = new Set(['sqlite', 'redis'])

export function isLaterKey(key: string): boolean {
  return keys.has(key)
}

/** Whether something with a `type` is of one that comes later. */
export function isLaterType(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value
    ? types.has(String(value.type))
    : false
}
