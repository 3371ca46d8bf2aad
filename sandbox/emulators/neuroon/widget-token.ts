import { createHmac, timingSafeEqual } from 'node:crypto'

/** The shop and second that a widget token names, before anything about it is believed. */
export interface WidgetClaim {
  readonly shopId: string
  readonly seconds: number
  readonly signature: string
}

export type Reading =
  | { readonly ok: true; readonly claim: WidgetClaim }
  | { readonly ok: false; readonly reason: string }

export const LIFETIME = 86_400
export const LEEWAY_AHEAD = 60

const MAX_LENGTH = 1024

/** What `POST /api/shops/{shopId}/widget-token` answers. */
export function makeWidgetToken(apiKey: string, shopId: string, seconds: number): string {
  const payload = `${shopId}:${seconds}`
  return Buffer.from(`${payload}:${sign(apiKey, payload)}`).toString('base64url')
}

/** Takes a token apart. Either Base64 alphabet is fine, with or without padding; nothing else is. */
export function readWidgetToken(token: string): Reading {
  if (token.length > MAX_LENGTH) return refused('too long')
  const bytes = decodeBase64(token)
  if (bytes === null) return refused('not Base64')

  // The shop id may hold colons, so the last two are the separators.
  const text = bytes.toString('utf8')
  const beforeSignature = text.lastIndexOf(':')
  const beforeSeconds = text.lastIndexOf(':', beforeSignature - 1)
  if (beforeSeconds <= 0) return refused('not shopId:seconds:signature')

  const shopId = text.slice(0, beforeSeconds)
  const seconds = text.slice(beforeSeconds + 1, beforeSignature)
  const signature = text.slice(beforeSignature + 1)
  if (!/^[0-9]{1,12}$/.test(seconds)) return refused('the time is not a number of seconds')
  return { ok: true, claim: { shopId, seconds: Number(seconds), signature } }
}

/** Whether the signature is the one that this key gives for the claim. */
export function isSignedBy(apiKey: string, { shopId, seconds, signature }: WidgetClaim): boolean {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false
  const expected = sign(apiKey, `${shopId}:${seconds}`)
  return timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
}

/** Null when the token is in its time, else why not. */
export function outOfTime(seconds: number, nowSeconds: number): string | null {
  const age = nowSeconds - seconds
  if (age < -LEEWAY_AHEAD) return 'made in the future'
  return age > LIFETIME ? 'expired' : null
}

function sign(apiKey: string, payload: string): string {
  return createHmac('sha256', apiKey).update(payload).digest('hex')
}

function decodeBase64(text: string): Buffer | null {
  const isUrl = /^[A-Za-z0-9_-]+={0,2}$/.test(text)
  const isStandard = /^[A-Za-z0-9+/]+={0,2}$/.test(text)
  if (!isUrl && !isStandard) return null
  if (text.endsWith('=') && text.length % 4 !== 0) return null

  // Node decodes leniently; only what encodes to the same text again was really Base64.
  const bytes = Buffer.from(text, isUrl ? 'base64url' : 'base64')
  const again = bytes.toString(isUrl ? 'base64url' : 'base64').replace(/=+$/, '')
  return again === text.replace(/=+$/, '') ? bytes : null
}

function refused(reason: string): Reading {
  return { ok: false, reason }
}
