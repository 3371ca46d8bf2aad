import { createHmac } from 'node:crypto'
import type { Secret } from '../../src/secret.ts'

export interface LeadDigest {
  /** Lower-case hex of the HMAC: `x-leaddigest`. */
  readonly digest: string
  /** The seconds that were signed: `x-timestamp`. */
  readonly timestamp: string
}

/**
 * The proof that a look-up comes from us: HMAC-SHA256 over `customerId:unixSeconds` (wire facts
 * §2.4). How long Nector accepts one is not documented, so it is made for one look-up and never
 * kept.
 *
 * @param customerId in the spelling that is signed: raw or prefixed
 * @param now epoch milliseconds, cut to the second
 */
export function makeLeadDigest(customerId: string, secret: Secret, now: number): LeadDigest {
  const timestamp = String(Math.floor(now / 1000))
  const digest = createHmac('sha256', secret.reveal())
    .update(`${customerId}:${timestamp}`)
    .digest('hex')
  return { digest, timestamp }
}
