import { hash } from 'node:crypto'
import { z } from 'zod'
import { readVerificationKey } from '../identity/verification-key.ts'
import { secretOf } from '../secret.ts'
import type { Secret } from '../secret.ts'
import { durationSchema } from './duration.ts'
import { isLoopback } from './host.ts'
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

/** Where questions about a caller go: never in the clear, but for loopback. */
const addressSchema = z.string().refine(isAddress, 'must be a URL with https')

// RFC 6265 §4.1.1; the gateway's own cookie is not the shop's to name.
const cookieSchema = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'must be the name of a cookie')
  .refine((name) => name !== '__Host-gatehouse', 'is the gateway’s own cookie')

const headerSchema = z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be a header name in lower case')

/** Framing, routing and what other sources read are not a shop's proof. */
const reservedHeaders = new Set([
  'connection',
  'content-length',
  'cookie',
  'host',
  'origin',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-apikey',
  'x-gatehouse-customer',
  'x-shop-api-key',
])

const shopSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com$/, 'must be a name such as acme.myshopify.com')

const publicKeySchema = z
  .looseObject({ kty: z.string() })
  .refine((key) => !Object.hasOwn(key, 'd') && !Object.hasOwn(key, 'k'), 'holds a secret key')
  .refine((key) => readVerificationKey(key) !== null, 'is not a public key for signatures')

const serviceKey = (scopes: readonly string[]) =>
  z.strictObject({
    type: z.literal('service-key'),
    keys: z.array(serviceKeySchema(scopes)).min(1, 'needs at least one key'),
  })

const session = z
  .strictObject({
    type: z.literal('session'),
    secret: secretOf(32).describe('Signs the gateway’s own sessions; at least 32 characters'),
    previousSecret: secretOf(32)
      .optional()
      .describe('The old one during a rotation; sessions it signed stay good'),
    ttl: durationSchema({ min: '1s', max: '24h' }).prefault('1h').describe('At most 24h'),
  })
  .refine(({ secret, previousSecret }) => isRotated(secret, previousSecret), {
    path: ['previousSecret'],
    message: 'is the same as secret',
  })

const jwt = z
  .strictObject({
    type: z.literal('jwt'),
    issuer: z.string().min(1, 'is empty').describe('The `iss` of its tokens, exactly'),
    audience: z.string().min(1, 'is empty').describe('What their `aud` is or holds'),
    jwks: addressSchema.optional().describe('Where the issuer publishes its keys'),
    keys: z.array(publicKeySchema).min(1, 'needs at least one key').optional(),
    secret: secretOf(32).optional().describe('HS256; at least 32 characters'),
    customerId: z.string().min(1, 'is empty').default('sub').describe('The claim with the id'),
    cookie: cookieSchema.optional().describe('Holds the token, instead of Authorization'),
  })
  .refine(
    ({ jwks, keys, secret }) =>
      [jwks, keys, secret].filter((key) => key !== undefined).length === 1,
    'needs exactly one of jwks, keys and secret',
  )

const shopifySessionToken = z.strictObject({
  type: z.literal('shopify-session-token'),
  shop: shopSchema,
  audience: z.string().min(1, 'is empty').describe('The app’s client id'),
  secret: secretOf(16).describe('The app’s client secret'),
})

const shopifyAppProxy = z.strictObject({
  type: z.literal('shopify-app-proxy'),
  shop: shopSchema,
  secret: secretOf(16).describe('The app’s client secret'),
})

const forwardAuth = z
  .strictObject({
    type: z.literal('forward-auth'),
    url: addressSchema.describe('The shop’s own address that knows whose proof it is'),
    cookie: cookieSchema.optional().describe('The one cookie that is shown there'),
    header: headerSchema
      .refine((name) => !reservedHeaders.has(name), 'is not a header that proves a shopper')
      .optional()
      .describe('The one header that is shown there'),
    idHeader: headerSchema
      .default('x-customer-id')
      .describe('The header of its answer that holds the id'),
  })
  .refine(
    ({ cookie, header }) => (cookie === undefined) !== (header === undefined),
    'needs either cookie or header',
  )

/** Who may call: asked in the order they are listed. */
export function identitySchema(scopes: readonly string[]) {
  return oneType([
    serviceKey(scopes),
    session,
    jwt,
    shopifySessionToken,
    shopifyAppProxy,
    forwardAuth,
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

/** Asked although either may be a mistake already, and is then missing. */
function isRotated(secret: Secret | undefined, previous: Secret | undefined): boolean {
  return previous === undefined || previous.fingerprint !== secret?.fingerprint
}

function isAddress(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(host))
}
