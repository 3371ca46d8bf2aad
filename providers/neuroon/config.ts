import { z } from 'zod'
import { environmentSchema } from '../../src/provider.ts'
import { secretSchema } from '../../src/secret.ts'

/** The environments Neuroon documents; anything else is a base URL. */
const environments = {
  production: 'https://api.neuroon.ai',
  development: 'https://dev-api.neuroon.ai',
}

export const config = z
  .strictObject({
    environment: environmentSchema(environments).describe(
      'production, development, or a base URL (http only for loopback)',
    ),
    shopId: z
      .string()
      .regex(/^[A-Za-z0-9._~-]{1,128}$/, 'must be letters, digits, dots, dashes or underscores')
      .describe('The shop that the API key belongs to'),
    apiKey: secretSchema.describe('Shop API key; never leaves the gateway'),
    previousApiKey: secretSchema
      .optional()
      .describe('The old one during a rotation; used where the new one is refused'),
    widgetToken: z
      .strictObject({
        mode: z
          .enum(['local', 'issue', 'local-then-issue'])
          .default('local')
          .describe('Mint widget tokens here, or have Neuroon issue them'),
        browser: z
          .boolean()
          .default(false)
          .describe('Whether GET /widget-token answers pages of the listed origins'),
      })
      .prefault({}),
    origin: z
      .enum(['strip', 'shop-url'])
      .default('strip')
      .describe('What goes upstream as Origin: nothing, or the first listed origin'),
  })
  .refine(
    ({ apiKey, previousApiKey: previous }) =>
      previous === undefined || previous.fingerprint !== apiKey.fingerprint,
    {
      path: ['previousApiKey'],
      message: 'is the same as apiKey',
    },
  )

export type NeuroonConfig = z.infer<typeof config>
