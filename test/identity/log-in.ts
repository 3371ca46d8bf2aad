/** A log-in of the shop's own, for tests: keys, tokens and the two servers that are asked. */
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import type { JsonWebKey, KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export const ISSUER = 'https://login.acme.example'
export const AUDIENCE = 'storefront'
export const JWT_SECRET = 'jwt_secret_for-tests-only_0123456789abcdef'
export const SHOP = 'acme.myshopify.com'
export const SHOPIFY_SECRET = 'shpss_for-tests-only_0123456789'
export const CLIENT_ID = 'c11ent-1d-for-tests'

export type ClaimSet = Readonly<Record<string, unknown>>

/** Good claims for a customer. @param now epoch milliseconds */
export function claimsFor(customer: unknown, now: number, more: ClaimSet = {}): ClaimSet {
  const iat = Math.floor(now / 1000)
  return { iss: ISSUER, aud: AUDIENCE, sub: customer, iat, exp: iat + 600, ...more }
}

/** HS256, written out here so that no library decides what a test means by a token. */
export function signHs256(claims: ClaimSet, secret = JWT_SECRET, header: ClaimSet = {}): string {
  const text = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

export interface SigningKey {
  readonly jwk: JsonWebKey & { kid: string }
  sign(claims: ClaimSet, header?: ClaimSet): string
}

/** RS256 with a key of its own. */
export function createSigningKey(kid: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' },
    sign: (claims, header = {}) => signRs256(claims, privateKey, { kid, ...header }),
  }
}

function signRs256(claims: ClaimSet, key: KeyObject, header: ClaimSet): string {
  const text = `${part({ alg: 'RS256', typ: 'JWT', ...header })}.${part(claims)}`
  return `${text}.${createSign('sha256').update(text).sign(key, 'base64url')}`
}

export function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

type Pair = readonly [name: string, text: string]

/** The query that Shopify's app proxy would send, signed as its documentation says. */
export function signAppProxy(
  parameters: readonly (readonly [string, string])[],
  secret = SHOPIFY_SECRET,
  order: (one: Pair, other: Pair) => number = ([, one], [, other]) => (one < other ? -1 : 1),
): string {
  const names = [...new Set(parameters.map(([name]) => name))]
  const text = names
    .map((name): Pair => {
      const values = parameters.filter(([other]) => other === name).map(([, value]) => value)
      return [name, `${name}=${values.join(',')}`]
    })
    .sort(order)
    .map(([, pair]) => pair)
    .join('')
  const signature = createHmac('sha256', secret).update(text).digest('hex')
  const all = [...parameters, ['signature', signature] as const]
  return all.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
}

/** A customer's call through the app proxy. @param now epoch milliseconds */
export function appProxyQuery(
  customer: string,
  now: number,
  more: readonly (readonly [string, string])[] = [],
  order?: (one: Pair, other: Pair) => number,
): string {
  const parameters = [
    ...more,
    ['shop', SHOP],
    ['path_prefix', '/apps/gatehouse'],
    ['timestamp', String(Math.floor(now / 1000))],
    ['logged_in_customer_id', customer],
  ] as const
  return signAppProxy(parameters, SHOPIFY_SECRET, order)
}

export interface Asked {
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

export interface Asking {
  readonly url: string
  readonly asked: readonly Asked[]
  close(): Promise<void>
}

export interface Told {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string
}

/** A server that answers as it is told; null leaves the question open. */
export async function startAnswering(tell: (asked: Asked) => Told | null): Promise<Asking> {
  const asked: Asked[] = []
  const server: Server = createServer((request, response) => {
    const question = { url: request.url ?? '', headers: request.headers }
    asked.push(question)
    const told = tell(question)
    if (told === null) return
    response.writeHead(told.status, told.headers)
    response.end(told.body)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
