/** What the contract test asks a provider for: every credential, every token, every bad answer. */
import type {
  CallFacts,
  Channel,
  Credential,
  ExchangeAnswer,
  MintRequest,
  Route,
  Send,
  Token,
  TokenKind,
  Upstream,
} from '../../src/provider.ts'
import type { Sample } from './provider-samples.ts'

export const NOW = 1_715_000_000_400
const CHANNELS: readonly Channel[] = ['browser', 'app', 'server']

/** Request headers that say who calls or where to, or belong to one connection. */
export const FORBIDDEN = new Set(
  (
    'authorization cookie host origin referer connection te trailer transfer-encoding ' +
    'content-length upgrade expect via forwarded keep-alive proxy-authorization ' +
    'x-forwarded-for x-forwarded-host x-forwarded-proto x-gatehouse-customer x-original-url ' +
    'x-http-method-override'
  ).split(' '),
)

export const ODD_HEADERS = [{}, { 'retry-after': 'soon', date: '' }, { 'set-cookie': ['a', 'b'] }]

export const BAD_BODIES = [
  '',
  '{',
  'null',
  '[]',
  '7',
  '"text"',
  '<html>not found</html>',
  '{"data":null}',
  '{"data":{"message":7}}',
  '{"data":{"message":"coupon does not exist"}}',
  '{"__proto__":{}}',
  'x'.repeat(100_000),
]

export const BAD_ANSWERS: readonly ExchangeAnswer[] = [
  ...BAD_BODIES.map((body) => ({ status: 200, headers: {}, body })),
  ...[204, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503, 599].map((status) => ({
    status,
    headers: {},
    body: '{}',
  })),
]

export const someToken: Token = {
  value: 'a-token',
  issuedAt: NOW,
  expiresAt: NOW + 1,
  refreshAt: NOW + 1,
  account: null,
  source: 'issued',
}

export function breach(isBroken: boolean, what: string): readonly string[] {
  return isBroken ? [what] : []
}

export function each(
  routes: readonly Route[],
  check: (route: Route) => readonly string[],
): string[] {
  return routes.flatMap((route) =>
    check(route).map((what) => `${route.method} ${route.path} ${what}`),
  )
}

export function thrown(act: () => unknown): readonly string[] {
  const result = attempt(act)
  return result instanceof Error ? [result.message] : []
}

export function attempt<Result>(act: () => Result): Result | Error {
  try {
    return act()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

export function pathsOf({ routes, origin, fixed }: Upstream): object {
  return { origin, fixed, routes: routes.map(({ method, path }) => `${method} ${path}`) }
}

export function namesSomebody({ bind }: Route): boolean {
  return bind.some(({ to }) => to === 'customer' || to === 'account')
}

/** Names of the secrets whose values stand in a text. */
export function secretsIn(text: string, { secrets }: Sample): string[] {
  return Object.entries(secrets)
    .filter(([, value]) => text.includes(value))
    .map(([path]) => path)
}

/** The value at a key path replaced. */
export function change(config: object, path: string, value: unknown): Record<string, unknown> {
  const [key = '', ...rest] = path.split('.')
  const old: unknown = Reflect.get(config, key)
  const child = typeof old === 'object' && old !== null ? old : {}
  return { ...config, [key]: rest.length === 0 ? value : change(child, rest.join('.'), value) }
}

/** A customer in all spellings that the provider itself writes, and those nested once. */
export function spelled(id: string, upstream: Upstream): string[] {
  const once = upstream.wireCustomer(id)
  return [once, upstream.wireCustomer(once), `gid://shopify/Customer/${id}`]
}

/** Every combination of facts that the core can hand to a provider. */
export function allFacts({ routes, callerHeaders }: Upstream): CallFacts[] {
  const kinds = [...new Set(routes.map(({ credential }) => credential))]
  const headers = Object.entries(callerHeaders).reduce<Record<string, string>[]>(
    (all, [name, { values }]) =>
      all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  )
  return kinds.flatMap((credential) =>
    CHANNELS.flatMap((channel) =>
      [null, '1001'].flatMap((customer) =>
        headers.map((chosen) => ({ route: { credential }, channel, customer, headers: chosen })),
      ),
    ),
  )
}

export function describe({ route, channel, customer }: CallFacts): string {
  return `${route.credential} by ${channel} for ${customer === null ? 'nobody' : 'somebody'}`
}

/** Every credential that a call can get, fallbacks and those of endpoints included. */
export function credentialsOf(upstream: Upstream): Credential[] {
  const called = allFacts(upstream).map((facts) => attempt(() => upstream.authorize(facts)))
  const credentials = called.filter(
    (credential): credential is Credential => !(credential instanceof Error),
  )
  const all = [...credentials, ...upstream.endpoints.map(({ credential }) => credential)]
  return [...new Set(all.flatMap(chainOf))]
}

export function chainOf(credential: Credential): Credential[] {
  const chain: Credential[] = []
  let next: Credential | null = credential
  while (next !== null && chain.length < 6) {
    chain.push(next)
    next = next.fallback
  }
  return chain
}

export function headerNamesOf({ headers, token }: Credential): string[] {
  return [...headers.map(([name]) => name), ...(token === null ? [] : [token.header])]
}

export function tokenKindsOf(upstream: Upstream): TokenKind[] {
  return credentialsOf(upstream).flatMap(({ token }) => token ?? [])
}

function request(changed: Partial<MintRequest> = {}): MintRequest {
  const send: Send = () => Promise.reject(new NotHere())
  return { customer: '1001', account: 'some-account', now: NOW, send, ...changed }
}

/** Thrown instead of sending where a token is to be made without any exchange. */
class NotHere extends Error {}

/** A token made from what is known; null for one that only an exchange can give. */
export async function mintHere(
  kind: TokenKind,
  changed: Partial<MintRequest> = {},
): Promise<Token | null> {
  try {
    return await kind.mint(request(changed))
  } catch (error) {
    if (error instanceof NotHere) return null
    throw error
  }
}

/** What making a token throws when its exchange goes that way; null where it needs none. */
export async function failing(kind: TokenKind, send: Send): Promise<unknown> {
  try {
    await kind.mint(request({ account: null, send }))
    return null
  } catch (error) {
    return error
  }
}

/** What each credential sends, and under which fingerprint. */
export function proofsOf(upstream: Upstream): Promise<{ fingerprint: string; proof: string }[]> {
  return Promise.all(
    credentialsOf(upstream).map(async ({ key, headers, token }) => ({
      fingerprint: key.fingerprint,
      proof: JSON.stringify([headers, token === null ? null : await mintHere(token)]),
    })),
  )
}
