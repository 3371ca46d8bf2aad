import { hash } from 'node:crypto'
import { createRemembered } from '../remembered.ts'

/**
 * Everything that makes a token somebody's. Two calls share a token, a mint or a failure only if
 * all of it is equal; leaving one field out is how one shopper gets another's token (threats T20).
 */
export interface TokenTuple {
  readonly provider: string
  readonly environment: string
  readonly storefront: string
  readonly keyId: string
  readonly keyFingerprint: string
  readonly namespace: string
  readonly customer: string | null
  readonly kind: string
}

/**
 * The cache and single-flight key: SHA-256 over the structured tuple, not over a joined string.
 * Its 32 bytes as they are, because there is one for each of very many tokens and none is read.
 */
export function tokenKey(tuple: TokenTuple): string {
  return hash('sha256', JSON.stringify(fields(tuple)), 'binary')
}

/**
 * `tokenKey` for what is asked for again and again: hashing costs more than the rest of a look-up.
 * A remembered key is used only for the very same tuple, compared field by field.
 */
export function createTokenKeys(): (tuple: TokenTuple) => string {
  const known = createRemembered<{ readonly tuple: TokenTuple; readonly key: string }>(
    REMEMBERED_KEYS,
  )
  return (tuple) => {
    const name = tuple.customer ?? tuple.storefront
    const entry = known.get(name)
    if (entry !== undefined && isSameTuple(entry.tuple, tuple)) return entry.key
    const key = tokenKey(tuple)
    known.set(name, { tuple, key })
    return key
  }
}

const REMEMBERED_KEYS = 40_000

/** Field by field: asked again on every read, so that not even a broken key can mix two shoppers. */
export function isSameTuple(one: TokenTuple, other: TokenTuple): boolean {
  return (
    one.customer === other.customer &&
    one.storefront === other.storefront &&
    one.provider === other.provider &&
    one.environment === other.environment &&
    one.keyId === other.keyId &&
    one.keyFingerprint === other.keyFingerprint &&
    one.namespace === other.namespace &&
    one.kind === other.kind
  )
}

function fields(tuple: TokenTuple): readonly (string | null)[] {
  return [
    tuple.provider,
    tuple.environment,
    tuple.storefront,
    tuple.keyId,
    tuple.keyFingerprint,
    tuple.namespace,
    tuple.customer,
    tuple.kind,
  ]
}
