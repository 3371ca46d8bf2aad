import { z } from 'zod'
import { environmentSchema } from '../../src/provider.ts'
import { secretSchema } from '../../src/secret.ts'
import { customerNamespaces } from './customer-id.ts'
import { shopperWrites } from './shopper-writes.ts'

const environments = {
  production: 'https://platform.nector.io',
  staging: 'https://stageplatform.nector.io',
}

const keySchema = z.strictObject({ apiKey: secretSchema })

const furtherRead = z.strictObject({
  get: z
    .string()
    // A segment that stands for something is called `:id`, as in the routes that are documented.
    .regex(/^(\/[A-Za-z0-9_-]+)+(\/:id)?$/, 'must be a path such as /viptiers or /viptiers/:id')
    .describe('Path below /api/v2/merchant'),
  for: z
    .enum(['customer', 'content'])
    .describe('Whose answer it is: the shopper’s, or everybody’s'),
})

const egress = z
  .strictObject({
    localAddress: z.union([z.ipv4(), z.ipv6()]).optional(),
    proxy: z.url({ protocol: /^https?$/ }).optional(),
  })
  .refine((value) => value.localAddress === undefined || value.proxy === undefined, {
    message: 'takes localAddress or proxy, not both',
  })

export const config = z.strictObject({
  environment: environmentSchema(environments).describe(
    'production, staging, or a base URL (http only for loopback)',
  ),
  customer: z.enum(customerNamespaces).describe('The platform whose customer ids the shop uses'),
  workspaceId: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/)
    .optional()
    .describe('Sent as x-workspaceid'),
  digestId: z
    .enum(['raw', 'prefixed'])
    .default('raw')
    .describe('The spelling of the customer id that the lead digest signs'),
  keys: z.strictObject({
    storefront: keySchema
      .extend({
        signingSecret: secretSchema,
        previousSigningSecret: secretSchema
          .optional()
          .describe('The old one during a rotation; used where the new one is refused'),
      })
      .refine(
        ({ signingSecret, previousSigningSecret: previous }) =>
          previous === undefined || previous.fingerprint !== signingSecret.fingerprint,
        { path: ['previousSigningSecret'], message: 'is the same as signingSecret' },
      ),
    server: keySchema.optional(),
    write: keySchema.optional(),
  }),
  allow: z
    .array(z.enum(shopperWrites, { error: `must be one of ${shopperWrites.join(', ')}` }))
    .refine((writes) => new Set(writes).size === writes.length, 'lists a write twice')
    .default([])
    .describe('Changes that shoppers may make; each is off until it is listed'),
  triggers: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'must be the id of a trigger'))
    .default([])
    .describe('Ids of the triggers that shoppers may report with POST /activities'),
  leadToken: z
    .enum(['jwt', 'opaque'])
    .default('jwt')
    .describe('opaque: take lead tokens as they come, without reading a lead out of them'),
  routes: z
    .array(furtherRead)
    .refine((reads) => new Set(reads.map(({ get }) => get)).size === reads.length, {
      message: 'lists a path twice',
    })
    .default([])
    .describe('Further reads that Nector’s pages do not list'),
  upstream: egress.prefault({}),
})

export type NectorConfig = z.infer<typeof config>
