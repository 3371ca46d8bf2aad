/**
 * The demo shop's own web server: it hands out the page and plays the shop's backend, which knows
 * its shoppers, logs them in with a cookie of its own and gets them a session at the gateway.
 *
 * Nothing of a provider passes through here: the page talks to the gateway itself, from another
 * origin, as a real storefront does. Started by `start.ts`; loopback only.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Shopper } from './shoppers.ts'
import { loadStorefrontFiles } from './storefront-files.ts'
import type { StorefrontFile } from './storefront-files.ts'

export interface StorefrontServer {
  readonly url: string
  /** Every origin its pages can be opened under. */
  readonly origins: readonly string[]
  /** From now on it answers; before, it says 503. */
  open(gateway: ShopGateway): void
  close(): Promise<void>
}

/** What the shop knows about its gateway. */
export interface ShopGateway {
  readonly url: string
  /** A service key with the scope `session`. */
  readonly serviceKey: string
}

interface Shop {
  readonly gateway: ShopGateway
  readonly origins: readonly string[]
  readonly shoppers: readonly Shopper[]
  /** The cookie's value → who is logged in. */
  readonly logins: Map<string, Shopper>
  readonly cookie: string
}

interface Answer {
  readonly status: number
  readonly body?: object
  readonly cookie?: string
}

type Endpoint = (request: IncomingMessage, shop: Shop) => Answer | Promise<Answer>

const endpoints: Readonly<Record<string, Endpoint>> = {
  'GET /shop.json': describeShop,
  'POST /account/login': logIn,
  'POST /account/session': renewSession,
  'POST /account/logout': logOut,
}

export async function startStorefrontServer(
  shoppers: readonly Shopper[],
): Promise<StorefrontServer> {
  const files = loadStorefrontFiles()
  let shop: Shop | null = null
  const server = createServer((request, response) => {
    void serve(request, response, shop, files)
  })
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const port = portOf(server.address())
  const origins = [`http://127.0.0.1:${port}`, `http://localhost:${port}`]

  return {
    url: `http://127.0.0.1:${port}`,
    origins,
    open(gateway) {
      // Cookies are shared by all ports of a host: the name keeps two sandboxes apart.
      shop = { gateway, origins, shoppers, logins: new Map(), cookie: `fern_${port}` }
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  shop: Shop | null,
  files: ReadonlyMap<string, StorefrontFile>,
): Promise<void> {
  const { method = '', url = '' } = request
  const path = url.replace(/\?.*/s, '')
  const refusal = shop === null ? 503 : refusalFor(request, shop)
  if (shop === null || refusal !== null) return answerJson(response, { status: refusal ?? 503 })
  const endpoint = endpoints[`${method} ${path}`]
  if (endpoint !== undefined) return answerJson(response, await answerOf(endpoint, request, shop))
  const file = files.get(path.startsWith('/products/') ? '/' : path)
  if (file === undefined || (method !== 'GET' && method !== 'HEAD')) {
    return answerJson(response, { status: 404, body: { error: 'There is nothing here.' } })
  }
  response.writeHead(200, {
    'content-type': file.type,
    'cache-control': 'no-cache',
    'content-security-policy': contentSecurityPolicy(shop),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  })
  response.end(method === 'HEAD' ? undefined : file.bytes)
}

/** Only its own pages may change anything here, and only under names that are this machine's. */
function refusalFor({ method, headers }: IncomingMessage, { origins }: Shop): number | null {
  if (!origins.includes(`http://${headers.host}`)) return 421
  if (method === 'GET' || method === 'HEAD') return null
  return origins.includes(headers.origin ?? '') ? null : 403
}

async function answerOf(endpoint: Endpoint, request: IncomingMessage, shop: Shop): Promise<Answer> {
  try {
    return await endpoint(request, shop)
  } catch {
    return { status: 502, body: { error: 'The shop cannot reach its gateway.' } }
  }
}

function answerJson(response: ServerResponse, { status, body = {}, cookie }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
  })
  response.end(JSON.stringify(body))
}

function describeShop(request: IncomingMessage, shop: Shop): Answer {
  const { gateway, shoppers } = shop
  const shopper = loggedIn(request, shop)?.shopper.id ?? null
  return { status: 200, body: { gateway: gateway.url, shoppers, shopper } }
}

const loginSchema = z.strictObject({ shopper: z.string() })

/** A demo asks for no password. */
async function logIn(request: IncomingMessage, shop: Shop): Promise<Answer> {
  const { data } = loginSchema.safeParse(await readJson(request))
  const shopper = shop.shoppers.find(({ id }) => id === data?.shopper)
  if (shopper === undefined) return { status: 400, body: { error: 'Nobody has this account.' } }
  const session = await createSession(shopper, shop.gateway)
  const previous = loggedIn(request, shop)
  if (previous !== null) shop.logins.delete(previous.login)
  const login = randomUUID()
  shop.logins.set(login, shopper)
  const cookie = `${shop.cookie}=${login}; Path=/; HttpOnly; SameSite=Strict`
  return { status: 200, body: { shopper: shopper.id, session }, cookie }
}

async function renewSession(request: IncomingMessage, shop: Shop): Promise<Answer> {
  const found = loggedIn(request, shop)
  if (found === null) return { status: 401, body: { error: 'Nobody is logged in.' } }
  const session = await createSession(found.shopper, shop.gateway)
  return { status: 200, body: { shopper: found.shopper.id, session } }
}

function logOut(request: IncomingMessage, shop: Shop): Answer {
  const found = loggedIn(request, shop)
  if (found !== null) shop.logins.delete(found.login)
  return { status: 200, cookie: `${shop.cookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict` }
}

function loggedIn(
  { headers }: IncomingMessage,
  { cookie, logins }: Shop,
): { login: string; shopper: Shopper } | null {
  const pairs = (headers.cookie ?? '').split('; ')
  const login = pairs.find((pair) => pair.startsWith(`${cookie}=`))?.slice(cookie.length + 1)
  const shopper = login === undefined ? undefined : logins.get(login)
  return login === undefined || shopper === undefined ? null : { login, shopper }
}

const sessionSchema = z.object({ token: z.string(), expiresAt: z.string() })
type Session = z.infer<typeof sessionSchema>

/** Asks the gateway with the shop's service key; the page never sees that key. */
async function createSession({ id }: Shopper, gateway: ShopGateway): Promise<Session> {
  const answer = await fetch(`${gateway.url}/session`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gateway.serviceKey}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ customerId: id }),
    signal: AbortSignal.timeout(5_000),
  })
  return sessionSchema.parse(await answer.json())
}

const MAX_BODY = 1024

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const piece of request.setEncoding('utf8') as AsyncIterable<string>) {
    text += piece
    if (text.length > MAX_BODY) return undefined
  }
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The page loads nothing from elsewhere, and talks to its shop and the gateway alone. */
function contentSecurityPolicy({ gateway, origins }: Shop): string {
  return [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self'`,
    // The catalogue names its pictures with one of the shop's two names.
    `img-src 'self' data: ${origins.join(' ')}`,
    `connect-src 'self' ${gateway.url}`,
    `base-uri 'none'`,
    `form-action 'self'`,
    `frame-ancestors 'none'`,
  ].join('; ')
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('No port was given')
  return address.port
}
