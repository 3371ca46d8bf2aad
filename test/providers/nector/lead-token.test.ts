import { createHmac } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  LEAD_TOKEN_JITTER,
  LEAD_TOKEN_LIFETIME,
  LEAD_TOKEN_REFRESH,
  mintLeadToken,
  verifyLeadToken,
} from '../../../providers/nector/lead-token.ts'
import { Secret } from '../../../src/secret.ts'
import { vectors } from '../../vectors/wire-facts-4.ts'

const { signingSecret, seconds, leadId, token: golden } = vectors.lead
const secret = new Secret(signingSecret)
const now = seconds * 1000
const MINUTE = 60_000

describe('a lead token that is made here', () => {
  test('is the golden vector of wire facts §4', async () => {
    expect(await mintLeadToken(leadId, secret, now)).toBe(golden)
  })

  test('holds the lead, its second, an hour later, and nothing else', async () => {
    const [header, payload] = (await mintLeadToken(leadId, secret, now + 999)).split('.')
    expect(decode(header)).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(decode(payload)).toEqual({ lead_id: leadId, iat: seconds, exp: seconds + 3600 })
  })

  test('is renewed between 50 and 55 minutes of its hour', () => {
    expect(LEAD_TOKEN_LIFETIME).toBe(60 * MINUTE)
    expect(LEAD_TOKEN_REFRESH).toBe(50 * MINUTE)
    expect(LEAD_TOKEN_REFRESH + LEAD_TOKEN_JITTER).toBe(55 * MINUTE)
  })
})

describe('a lead token that comes from outside', () => {
  test('says whose it is and how long it lives', async () => {
    expect(await verifyLeadToken(golden, [secret], now)).toEqual({
      leadId,
      issuedAt: now,
      expiresAt: now + LEAD_TOKEN_LIFETIME,
    })
  })

  test('may come without iat: then it is as old as its arrival', async () => {
    const token = sign({ lead_id: leadId, exp: seconds + 600 })
    expect(await verifyLeadToken(token, [secret], now)).toMatchObject({ issuedAt: now })
  })

  test('may be a minute off, as two honest clocks are', async () => {
    const ahead = sign({ lead_id: leadId, iat: seconds + 60, exp: seconds + 3660 })
    expect(await verifyLeadToken(ahead, [secret], now)).toMatchObject({ leadId })
    const behind = sign({ lead_id: leadId, iat: seconds - 3659, exp: seconds - 59 })
    expect(await verifyLeadToken(behind, [secret], now)).toMatchObject({ leadId })
  })

  const claims = { lead_id: leadId, iat: seconds, exp: seconds + 3600 }
  const [header = '', payload = '', signature = ''] = golden.split('.')

  test.each([
    ['another secret', sign(claims, { secret: 'another_secret_entirely' })],
    ['no signature', `${header}.${payload}.`],
    ['alg none', `${encode({ alg: 'none' })}.${payload}.`],
    ['alg none with a signature', `${encode({ alg: 'none' })}.${payload}.${signature}`],
    ['HS512', sign(claims, { header: { alg: 'HS512' }, hash: 'sha512' })],
    ['a critical header', sign(claims, { header: { alg: 'HS256', crit: ['x'], x: 1 } })],
    ['one changed claim', `${header}.${encode({ ...claims, lead_id: 'someone' })}.${signature}`],
    ['no exp', sign({ lead_id: leadId, iat: seconds })],
    ['a text for exp', sign({ ...claims, exp: String(seconds + 3600) })],
    ['an end more than an hour and a minute ahead', sign({ ...claims, exp: seconds + 3661 })],
    ['an end far away', sign({ ...claims, exp: 9_999_999_999 })],
    ['an end in the past', sign({ ...claims, exp: seconds - 61 })],
    ['not valid yet', sign({ ...claims, nbf: seconds + 120 })],
    ['no lead', sign({ iat: seconds, exp: seconds + 3600 })],
    ['an empty lead', sign({ ...claims, lead_id: '' })],
    ['a number for a lead', sign({ ...claims, lead_id: 7 })],
    ['a lead that would break a header', sign({ ...claims, lead_id: 'a\r\nx: y' })],
    ['a lead with a colon', sign({ ...claims, lead_id: 'a:b' })],
    ['four parts', `${golden}.x`],
    ['an opaque text', 'lt_4fA9'],
    ['padding', `${golden}=`],
    ['a space', `${header} .${payload}.${signature}`],
    ['another spelling of the same signature', otherSpelling(golden)],
  ])('is refused with %s', async (_what, token) => {
    await expect(verifyLeadToken(token, [secret], now)).rejects.toMatchObject({
      code: 'tokens/exchange-mismatch',
    })
  })

  test('is refused in words that quote nothing of it', async () => {
    const token = sign({ ...claims, lead_id: 'somebody:else' })
    const problem = await verifyLeadToken(token, [secret], now).catch((error: unknown) => error)
    expect(String(problem)).not.toContain('somebody')
    expect(String(problem)).not.toContain(token)
  })
})

test('jose signs the same bytes as a signature written by hand', async () => {
  const claims = { lead_id: leadId, iat: seconds, exp: seconds + 3600 }
  const byJose = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(Buffer.from(signingSecret))
  expect(sign(claims)).toBe(byJose)
})

interface Signing {
  readonly secret?: string
  readonly header?: object
  readonly hash?: string
}

function sign(
  claims: object,
  { secret = signingSecret, header = { alg: 'HS256', typ: 'JWT' }, hash = 'sha256' }: Signing = {},
): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part = ''): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
}

/** The last letter of 32 bytes carries two bits that a lenient reader drops. */
function otherSpelling(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(token.slice(-1))
  return token.slice(0, -1) + (alphabet[last ^ 1] ?? '')
}
