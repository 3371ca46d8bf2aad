import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '../../src/problem.ts'
import { exchangeFailure, parseJson } from '../../src/provider.ts'
import type { ExchangeAnswer, Headers, Send, Token } from '../../src/provider.ts'
import type { Secret } from '../../src/secret.ts'
import { canonicalCustomer, prefixedCustomer } from './customer-id.ts'
import type { CustomerNamespace } from './customer-id.ts'
import { makeLeadDigest } from './lead-digest.ts'
import { LEAD_TOKEN_LIFETIME, LEAD_TOKEN_REFRESH, verifyLeadToken } from './lead-token.ts'

export interface LeadExchange {
  readonly customer: string
  readonly namespace: CustomerNamespace
  readonly digestId: 'raw' | 'prefixed'
  /** Signs the digest. */
  readonly secret: Secret
  /** A returned token must verify under one of these; null: it is taken unread. */
  readonly trusted: readonly Secret[] | null
  /** `x-apikey`, `x-source` and, where set, `x-workspaceid`. */
  readonly headers: Headers
  readonly send: Send
  /** Epoch milliseconds. */
  readonly now: number
}

// The sources disagree about where the token sits, so all three places are looked at (§2.4).
// A token goes into a header, so it is printable and of bounded length.
const place = z.object({
  lead_token: z
    .string()
    .regex(/^[\x21-\x7e]{1,4096}$/)
    .optional(),
})
const answerSchema = place.extend({
  meta: z.object({ status: z.string() }).partial().optional(),
  data: place
    .extend({
      message: z.string().optional(),
      item: place.extend({ customer_id: z.string().nullish() }).nullish(),
    })
    .nullish(),
})
type Answer = z.infer<typeof answerSchema>

/**
 * Path B: trades a digest for a lead token by looking the customer up. The answer must prove
 * itself: signed with our secret, about the customer we asked for.
 *
 * Throws `tokens/customer-unknown` where Nector knows no such lead, `exchange-mismatch` where the
 * answer is somebody else's, `exchange-refused` or `exchange-unavailable` otherwise.
 */
export async function exchangeLeadDigest(exchange: LeadExchange): Promise<Token> {
  const sent = await exchange.send({ method: 'GET', ...lookUp(exchange) })
  const answer = readAnswer(sent)
  const value = answer.lead_token ?? answer.data?.lead_token ?? answer.data?.item?.lead_token
  if (value === undefined) {
    throw new Problem('tokens/exchange-refused', 'Nector answered without a lead token.')
  }
  checkCustomer(answer, exchange)
  return exchange.trusted === null
    ? opaqueToken(value, exchange.now)
    : verifiedToken(value, exchange.trusted, exchange.now)
}

/** Kept for this shopper alone, and teaches nothing (wire facts §2.5). */
function opaqueToken(value: string, now: number): Token {
  return {
    value,
    issuedAt: now,
    expiresAt: now + LEAD_TOKEN_LIFETIME,
    refreshAt: now + LEAD_TOKEN_REFRESH,
    account: null,
    source: 'exchanged',
  }
}

async function verifiedToken(
  value: string,
  trusted: readonly Secret[],
  now: number,
): Promise<Token> {
  const { leadId, issuedAt, expiresAt } = await verifyLeadToken(value, trusted, now)
  return {
    value,
    issuedAt,
    expiresAt,
    refreshAt: Math.min(issuedAt, now) + LEAD_TOKEN_REFRESH,
    account: leadId,
    source: 'exchanged',
  }
}

/** "Lead does not exists" is how Nector spells a customer who is not enrolled (§2.7). */
export function isLeadUnknown(body: string): boolean {
  const parsed = answerSchema.safeParse(parseJson(body))
  return parsed.success && /lead does not exist/i.test(parsed.data.data?.message ?? '')
}

function lookUp({ customer, namespace, digestId, secret, headers, now }: LeadExchange) {
  const prefixed = prefixedCustomer(namespace, customer)
  const signed = digestId === 'raw' ? customer : prefixed
  const { digest, timestamp } = makeLeadDigest(signed, secret, now)
  return {
    path: `/api/v2/merchant/leads/${randomUUID()}?customer_id=${encodeURIComponent(prefixed)}`,
    headers: [...headers, ['x-timestamp', timestamp], ['x-leaddigest', digest]] as const,
  }
}

function readAnswer(sent: ExchangeAnswer): Answer {
  const parsed = answerSchema.safeParse(parseJson(sent.body))
  const answer: Answer = parsed.success ? parsed.data : {}
  if (sent.status < 500 && isLeadUnknown(sent.body)) {
    throw new Problem('tokens/customer-unknown', 'The shopper is not enrolled in the programme.')
  }
  if (sent.status !== 200) throw exchangeFailure(sent)
  if (!parsed.success || answer.meta?.status === 'error') {
    throw new Problem('tokens/exchange-refused', 'Nector answered the look-up with an error.')
  }
  return answer
}

function checkCustomer(answer: Answer, { customer, namespace }: LeadExchange): void {
  const named = answer.data?.item?.customer_id
  if (typeof named !== 'string' || canonicalCustomer(namespace, named) === customer) return
  throw new Problem('tokens/exchange-mismatch', 'Nector answered with another customer’s lead.')
}
