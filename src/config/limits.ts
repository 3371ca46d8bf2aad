import { z } from 'zod'
import { durationSchema } from './duration.ts'

/** So many calls in any stretch of so many milliseconds. */
export interface CallsPer {
  readonly calls: number
  readonly per: number
}

/** `off`, or a mapping of the given keys. */
export function offOr<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.union([z.literal('off'), z.strictObject(shape)])
}

/** The keys of `{ calls: 600, per: 1m }`. */
export const callsPer = {
  calls: z.int().min(1).max(1_000_000_000),
  per: durationSchema({ min: '1s', max: '1d' }),
}

/** How many calls each caller may make: the shopper, the service key, else the address. */
export const limitsSchema = offOr(callsPer).describe(
  'Calls of each caller to each family of routes; off counts nobody',
)

/** What is kept of answers, so that fewer calls go upstream. */
export interface CacheConfig {
  /** Milliseconds for which a shopper's own reads are kept for that shopper; null: they are not. */
  readonly own: number | null
}

export const cacheSchema = offOr({
  own: z
    .union([z.literal('off'), durationSchema({ min: '1s', max: '60s' })])
    .default('off')
    .transform((value) => (value === 'off' ? null : value))
    .describe('How long a shopper’s own reads are kept for that shopper'),
}).describe('Answers kept for a moment; off asks the provider every time')
