import { hash } from 'node:crypto'
import { z } from 'zod'
import { secretOf } from '../secret.ts'
import { durationSchema } from './duration.ts'
import { oneType } from './one-type.ts'

/** Ids show up in logs and metrics, so they are plain. */
export const keyIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, dots, dashes, underscores')

const nothing = hash('sha256', '', 'hex')

const digestSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the key: 64 lower-case hex digits')
  .refine((digest) => digest !== nothing, 'is the SHA-256 of an empty key')
  .refine((digest) => !/^(.)\1+$/.test(digest), 'is a placeholder, not the SHA-256 of a key')

/** Who may call: asked in the order they are listed. */
export function identitySchema(scopes: readonly string[]) {
  return oneType([
    z.strictObject({
      type: z.literal('service-key'),
      keys: z.array(serviceKeySchema(scopes)).min(1, 'needs at least one key'),
    }),
    z.strictObject({
      type: z.literal('session'),
      secret: secretOf(32).describe('Signs the gateway’s own sessions; at least 32 characters'),
      ttl: durationSchema({ min: '1s', max: '24h' }).prefault('1h').describe('At most 24h'),
    }),
  ])
}

function serviceKeySchema(scopes: readonly string[]) {
  return z.strictObject({
    id: keyIdSchema.describe('Names the key in logs and metrics'),
    sha256: digestSchema.describe('As `key create` prints it'),
    scopes: z
      .array(z.enum(scopes, { error: `must be one of ${scopes.join(', ')}` }))
      .default([])
      .describe('What the key may do'),
  })
}
