import { z } from 'zod'
import { readJson } from '../support/read-json.ts'

const schema = z.object({
  widgetToken: z.object({
    shopId: z.string(),
    seconds: z.int(),
    apiKey: z.string(),
    signature: z.string(),
    token: z.string(),
  }),
  lead: z.object({
    signingSecret: z.string(),
    seconds: z.int(),
    digests: z.array(z.object({ customerId: z.string(), digest: z.string() })),
    leadId: z.string(),
    token: z.string(),
  }),
})

/** The golden vectors of `wire-facts.md` §4, made by other tools than ours. */
export const vectors = readJson(new URL('wire-facts-4.json', import.meta.url), schema)
