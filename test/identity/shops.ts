/** Configurations for the identity flows: a storefront with every source, and a second shop. */
import { hash } from 'node:crypto'
import { namedUuid } from '../../sandbox/emulators/nector/uuid.ts'
import { SESSION_SECRET } from '../support/rig.ts'
import {
  AUDIENCE,
  CLIENT_ID,
  ISSUER,
  JWT_SECRET,
  SHOP,
  SHOPIFY_SECRET,
  startAnswering,
} from './log-in.ts'
import type { Asking, SigningKey } from './log-in.ts'

export const OPEN_TRIGGER = namedUuid('trigger:Follow us on Instagram')
export const OTHER_TRIGGER = namedUuid('trigger:Join the newsletter')
export const COOKIE_ISSUER = 'https://cookie.acme.example'
export const ACME_HOST = 'gw.acme.example'
export const BETA_HOST = 'gw.beta.example'

export const writes = [
  'POST /activities',
  'POST /offerredeems',
  'POST /publicofferredeems',
  'PUT /leads/me',
  'POST /reviews',
  'POST /qnas',
]

/** What the second shop has instead of the first one's. */
export const beta = {
  key: 'gh_beta-for-tests-only',
  sessionSecret: 'beta_session_secret_for-tests-only_012345',
  jwtSecret: 'beta_jwt_secret_for-tests-only_0123456789',
  shopifySecret: 'shpss_beta_for-tests-only_0123',
  shop: 'beta.myshopify.com',
}

export interface ShopServers {
  /** Answers for the cookie `sid`: `customer-<id>`, `guest`, `bad` or `down`. */
  readonly whoami: Asking
  /** Publishes the keys of the log-in whose tokens stand in the cookie `shop_token`. */
  readonly jwks: Asking
  close(): Promise<void>
}

export async function startShopServers(key: SigningKey): Promise<ShopServers> {
  const whoami = await startAnswering(({ headers }) => {
    const [, said = ''] = (headers.cookie ?? '').split('=')
    if (said === 'bad') return { status: 401 }
    if (said === 'down') return { status: 500 }
    const id = /^customer-(\d+)/.exec(said)?.[1]
    return id === undefined ? { status: 204 } : { status: 200, headers: { 'x-customer-id': id } }
  })
  const body = JSON.stringify({ keys: [key.jwk] })
  const jwks = await startAnswering(() => ({ status: 200, body }))
  const close = async () => void (await Promise.all([whoami.close(), jwks.close()]))
  return { whoami, jwks, close }
}

/** Adds every source to the rig's storefront and opens every shopper write. */
export function everySource({ whoami, jwks }: ShopServers): (yaml: string) => string {
  const sources = `
      - { type: jwt, issuer: '${ISSUER}', audience: ${AUDIENCE}, secret: ${JWT_SECRET} }
      - { type: jwt, issuer: '${COOKIE_ISSUER}', audience: ${AUDIENCE}, jwks: '${jwks.url}/jwks', cookie: shop_token }
      - { type: shopify-session-token, shop: ${SHOP}, audience: ${CLIENT_ID}, secret: ${SHOPIFY_SECRET} }
      - { type: shopify-app-proxy, shop: ${SHOP}, secret: ${SHOPIFY_SECRET} }
      - { type: forward-auth, url: '${whoami.url}/whoami', cookie: sid, idHeader: x-customer-id }
    providers:`
  const allow = `        customer: shopify
        allow: [${writes.map((write) => `"${write}"`).join(', ')}]
        triggers: [${OPEN_TRIGGER}]
`
  return (yaml) =>
    yaml.replace(/\n {4}providers:/, sources).replace('        customer: shopify\n', allow)
}

/** The same with a second shop beside it, which has every source of its own and opens no write. */
export function twoShops(servers: ShopServers): (yaml: string) => string {
  return (yaml) => {
    const whole = everySource(servers)(yaml)
    const at = whole.indexOf('  acme:')
    const acme = whole.slice(at).replace("hosts: ['*']", `hosts: [${ACME_HOST}]`)
    const other = acme
      .replace('  acme:', '  beta:')
      .replace(ACME_HOST, BETA_HOST)
      .replace(
        /id: backend, sha256: \w+/,
        `id: backend, sha256: ${hash('sha256', beta.key, 'hex')}`,
      )
      .replace(/\n.*id: (?:plugin|powerless).*/g, '')
      .replace(SESSION_SECRET, beta.sessionSecret)
      .replace(JWT_SECRET, beta.jwtSecret)
      .replaceAll(SHOPIFY_SECRET, beta.shopifySecret)
      .replaceAll(SHOP, beta.shop)
      .replace(/ {8}allow: .*\n {8}triggers: .*\n/, '')
    return whole.slice(0, at) + acme + other
  }
}
