import { createHmac } from 'node:crypto'
import type { Secret } from '../../src/secret.ts'

/** How long Neuroon accepts a widget token, and from when on it should be renewed (wire facts §1.3). */
export const WIDGET_TOKEN_LIFETIME = 86_400_000
export const WIDGET_TOKEN_REFRESH = 82_800_000

/**
 * The token a page shows to `/api/widget/*`: base64url, without padding, of
 * `shopId:unixSeconds:hmac`. The key of the HMAC is the whole Shop API key string. The same shop
 * and second give the same token, so minting twice does no harm.
 *
 * @param issuedAt epoch milliseconds, cut to the second
 */
export function mintWidgetToken(shopId: string, apiKey: Secret, issuedAt: number): string {
  const payload = `${shopId}:${Math.floor(issuedAt / 1000)}`
  const signature = createHmac('sha256', apiKey.reveal()).update(payload).digest('hex')
  return Buffer.from(`${payload}:${signature}`).toString('base64url')
}

export interface WidgetTokenContent {
  readonly shopId: string
  /** Epoch milliseconds, a whole second. */
  readonly issuedAt: number
  /** 64 lower-case hex digits. */
  readonly signature: string
}

/**
 * Reads a token without checking its signature; null where it is not one. It is split from the
 * right, because nobody says that a shop id holds no colon.
 */
export function readWidgetToken(token: string): WidgetTokenContent | null {
  const text = Buffer.from(token, 'base64url').toString('utf8')
  const parts = /^(.+):(\d{1,12}):([0-9a-f]{64})$/su.exec(text)
  if (parts === null) return null
  const [, shopId = '', seconds = '', signature = ''] = parts
  return { shopId, issuedAt: Number(seconds) * 1000, signature }
}
