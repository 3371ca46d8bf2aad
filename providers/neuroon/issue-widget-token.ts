import { z } from 'zod'
import { Problem } from '../../src/problem.ts'
import { exchangeFailure, parseJson } from '../../src/provider.ts'
import type { Send, Token } from '../../src/provider.ts'
import type { Secret } from '../../src/secret.ts'
import { readWidgetToken, WIDGET_TOKEN_LIFETIME, WIDGET_TOKEN_REFRESH } from './widget-token.ts'

const answerSchema = z.object({ token: z.string().regex(/^[A-Za-z0-9_+/=-]{1,4096}$/) })

/**
 * Has Neuroon make a widget token: `POST /api/shops/{shopId}/widget-token` with the shop key and
 * no body. The answer holds the token and nothing else, so its age is read out of the token, and
 * is the moment of the call where it cannot be read.
 *
 * @param now epoch milliseconds
 */
export async function issueWidgetToken(
  shopId: string,
  apiKey: Secret,
  send: Send,
  now: number,
): Promise<Token> {
  const answer = await send({
    method: 'POST',
    path: `/api/shops/${shopId}/widget-token`,
    headers: [['x-shop-api-key', apiKey.reveal()]],
  })
  if (answer.status !== 200) throw exchangeFailure(answer)

  const parsed = answerSchema.safeParse(parseJson(answer.body))
  if (!parsed.success) {
    throw new Problem('tokens/exchange-refused', 'Neuroon answered without a widget token.')
  }
  const issuedAt = ownTimestamp(parsed.data.token, shopId, now)
  return {
    value: parsed.data.token,
    issuedAt,
    expiresAt: issuedAt + WIDGET_TOKEN_LIFETIME,
    refreshAt: issuedAt + WIDGET_TOKEN_REFRESH,
    account: null,
    source: 'issued',
  }
}

function ownTimestamp(token: string, shopId: string, now: number): number {
  const content = readWidgetToken(token)
  if (content === null) return now
  if (content.shopId !== shopId) {
    throw new Problem('tokens/exchange-mismatch', 'Neuroon answered with another shop’s token.')
  }
  // Never older than it says, and never from the future.
  return Math.min(content.issuedAt, now)
}
