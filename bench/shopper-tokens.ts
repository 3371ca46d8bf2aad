/** The shop's log-in: signs the tokens by which the shoppers of the bench prove themselves. */
import { generateKeyPairSync, sign } from 'node:crypto'

export const ISSUER = 'https://login.bench.example'
export const AUDIENCE = 'storefront'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const publicKey = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256' }

const header = encode({ alg: 'ES256', typ: 'JWT', kid: 'bench' })

/** A token as large as such tokens are, good for a day. */
export function shopperToken(customer: number): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: String(customer), iat, exp: iat + 86_400 }
  const text = `${header}.${encode({ ...claims, email_verified: true, jti: `bench-${customer}` })}`
  const key = { key: pair.privateKey, dsaEncoding: 'ieee-p1363' } as const
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}

export function shopperTokens(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => shopperToken(from + n))
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
