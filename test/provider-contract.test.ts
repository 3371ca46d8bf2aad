/**
 * The promises of `src/provider.ts`, held against every provider and against one that exists only
 * here; and planted breaches, which show that each check can fail.
 */
import { describe, expect, test } from 'vitest'
import { providers } from '../providers/index.ts'
import { Problem } from '../src/problem.ts'
import type { Credential, Provider, Route, Token, TokenKind, Upstream } from '../src/provider.ts'
import { fakeProvider } from './support/fake-provider.ts'
import { context, promises } from './support/provider-promises.ts'
import type { Check, Subject } from './support/provider-promises.ts'
import { samples } from './support/provider-samples.ts'
import type { Sample } from './support/provider-samples.ts'

type PromiseName = keyof typeof promises
const names = Object.keys(promises) as PromiseName[]
const subjects = [...providers, fakeProvider]

describe.each(subjects.map((provider) => ({ id: provider.id, provider })))(
  '$id',
  ({ provider }) => {
    const own = samples[provider.id] ?? []

    test('has a sample in test/support/provider-samples.ts', () => {
      expect(own).not.toEqual([])
    })

    describe.each(own.map((sample, n) => ({ n: n + 1, sample })))('sample $n', ({ sample }) => {
      test.each(names)('%s', async (name) => {
        expect(await breaches(name, provider, sample)).toEqual([])
      })
    })
  },
)

test('every provider has an id and root mounts of its own', () => {
  const ids = subjects.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const mounts = subjects.flatMap((provider) => provider.mounts)
  const nested = mounts.filter((one, at) =>
    mounts.some((other, position) => position !== at && one.startsWith(other)),
  )
  expect(nested).toEqual([])
})

/** One or more for each promise: the fake provider with something wrong about it. */
const planted: Readonly<Record<PromiseName, readonly Provider[]>> = {
  'its id can stand in a path and a configuration': [
    { ...fakeProvider, id: 'Acme/API' },
    { ...fakeProvider, title: ' ' },
  ],
  'its configuration is strict and hides its secrets': [
    withConfig((value) => value),
    withConfig((value) => ({ ...value, unknownKey: undefined })),
  ],
  'its mounts are root paths that end with a slash': [
    { ...fakeProvider, mounts: ['/v1'] },
    { ...fakeProvider, mounts: ['v1/'] },
    { ...fakeProvider, mounts: ['/'] },
  ],
  'its scopes are those that its routes ask for': [
    { ...fakeProvider, scopes: [] },
    { ...fakeProvider, scopes: [...fakeProvider.scopes, 'acmeapi:more'] },
  ],
  'starting does no I/O, and twice gives the same': [
    starting((upstream) => {
      setTimeout(() => undefined, 1)
      return upstream
    }),
    starting((upstream) => ({ ...upstream, origin: `https://${Math.random()}.example` })),
  ],
  'its upstream names it, and goes to one origin': [
    changed({ provider: 'other' }),
    changed({ title: 'Other' }),
    changed({ environment: '' }),
    changed({ origin: 'https://api.acmeapi.example/' }),
    changed({ origin: 'http://api.acmeapi.example' }),
    changed({ egress: { localAddress: '10.0.0.1', proxy: 'http://proxy.example' } }),
  ],
  'its routes are canonical, distinct, and make a table': [
    routed((routes) => [...routes, ...routes]),
    routed(([route, ...rest]) => [{ ...route, path: '/v1//search' }, ...rest]),
    routed(([route, ...rest]) => [{ ...route, path: '/v1/search/' }, ...rest]),
    routed((routes) => [...routes, { ...routes[0], path: '/v1/customers/:other' }]),
  ],
  'its routes say who may call, and where the caller’s ids stand': [
    routed(([route, ...rest]) => [{ ...route, callers: {} }, ...rest]),
    routed(([one, points, ...rest]) => [one, { ...points, bind: [] }, ...rest]),
    routed(([one, points, ...rest]) => [one, { ...points, query: 'any' }, ...rest]),
    routed(([one, points, ...rest]) => [one, { ...points, method: 'POST' }, ...rest]),
    routed(([one, points, ...rest]) => [
      one,
      { ...points, callers: { customer: 'never' } },
      ...rest,
    ]),
    routed(([route, ...rest]) => [{ ...route, credential: '' }, ...rest]),
  ],
  'its bindings stand where the route has them': [
    bound({ in: 'path', name: 'nowhere', to: 'customer' }),
    bound({ in: 'query', name: 'nowhere', to: 'customer' }),
    bound({ in: 'path', name: 'customerId', to: 'fixed' }),
    bound({ in: 'path', name: 'customerId', to: 'customer', fill: true }),
    bound({ in: 'query', name: 'limit', to: 'customer', self: 'me' }),
    bound({ in: 'path', name: 'customerId', to: 'customer', unknown: () => 'a/b' }),
  ],
  'what names a person is bound or refused': [
    routed(([one, points, ...rest]) => [one, { ...points, query: ['email'] }, ...rest]),
    bound({ in: 'query', name: 'limit', to: 'customer' }),
  ],
  'what is the same for everybody names nobody': [
    routed(([one, points, ...rest]) => [one, { ...points, content: true }, ...rest]),
    routed(([route, ...rest]) => [{ ...route, method: 'POST' }, ...rest]),
    routed(([route, ...rest]) => [{ ...route, callers: { customer: 'read' } }, ...rest]),
  ],
  'bodies, quotas and repetitions make sense': [
    routed(([route, ...rest]) => [{ ...route, body: { type: 'json', maxBytes: 1 } }, ...rest]),
    routed(([a, b, route]) => [a, b, { ...route, body: { type: 'json', maxBytes: 0 } }]),
    routed(([a, b, route]) => [
      a,
      b,
      { ...route, body: { type: 'any', maxBytes: 1, maxItems: { field: 'x', count: 1 } } },
    ]),
    routed(([route, ...rest]) => [{ ...route, quota: { calls: 0, per: 1 } }, ...rest]),
    routed(([route, ...rest]) => [{ ...route, replayable: true }, ...rest]),
  ],
  'what it opens to shoppers are writes that may be opened': [
    changed({ allow: ['POST /v1/teams/:team/orders'] }),
    changed({ allow: ['POST /nowhere'] }),
  ],
  'it takes no header from the caller that proves or routes something': [
    changed({ passHeaders: ['cookie'] }),
    changed({ passHeaders: ['x-acme-key'] }),
    changed({ passHeaders: ['x-acme-token'] }),
    changed({ passHeaders: ['X-Acme-Trace'] }),
    changed({ callerHeaders: { origin: { values: ['x'], default: 'x' } } }),
    changed({ callerHeaders: { 'x-acme-client': { values: ['web'], default: 'tv' } } }),
  ],
  'it lists every secret, with where it stands': [
    changed({ secrets: [] }),
    starting((upstream) => ({ ...upstream, secrets: upstream.secrets.slice(1) })),
    starting((upstream) => ({
      ...upstream,
      secrets: upstream.secrets.map((secret) => ({ ...secret, environment: 'elsewhere' })),
    })),
    changed({ warnings: [{ path: ['apiKey'], message: 'is ak_4f9c01d2e8b7a653' }] }),
    changed({ headers: [['x-acme-key', 'ak_4f9c01d2e8b7a653']] }),
  ],
  'its customer ids are canonical once and for all': [
    changed({ canonicalCustomer: (id) => id.replace(/^acme-/, '') }),
    changed({ wireCustomer: (id) => `other-${id}` }),
    changed({ wireCustomer: () => 'acme-1001' }),
  ],
  'it authorizes the same facts with the same object': [
    starting((upstream) => ({
      ...upstream,
      authorize: (call) => ({ ...upstream.authorize(call) }),
    })),
    changed({
      authorize: () => {
        throw new Error('no key')
      },
    }),
    changed({
      authorize: () => {
        throw new Problem('internal', 'No key.')
      },
    }),
  ],
  'its credentials are header lines, and their keys are named without the key': [
    credentialed((credential) => ({ ...credential, headers: [['X-Acme-Key', 'x']] })),
    credentialed((credential) => ({ ...credential, headers: [['x-acme-key', 'a\r\nb']] })),
    credentialed((credential) => ({ ...credential, headers: [['x-acme-key', '']] })),
    credentialed((credential) => ({
      ...credential,
      key: { id: 'apiKey', fingerprint: 'ak_4f9c01d2e8b7a653' },
    })),
    credentialed((credential) => {
      const endless = { ...credential, fallback: credential }
      return Object.assign(endless, { fallback: endless })
    }),
  ],
  'a fingerprint changes with everything that goes into a token': [
    credentialed((credential) => ({ ...credential, key: { id: 'apiKey', fingerprint: 'same' } })),
  ],
  'its tokens are of now, end, and are renewed before': [
    minting((token) => ({ ...token, value: 'a b' })),
    minting((token) => ({ ...token, issuedAt: token.issuedAt + 60_000 })),
    minting((token) => ({ ...token, refreshAt: token.issuedAt })),
    minting((token) => ({ ...token, refreshAt: token.expiresAt })),
    minting((token) => ({ ...token, source: 'exchanged' })),
    tokened((kind) => ({ ...kind, jitter: 60 * 60_000 })),
    tokened((kind) => ({ ...kind, header: 'X-Acme-Token' })),
  ],
  'making a token is pure, and no two owners share one': [
    minting((token) => ({ ...token, value: String(Math.random()) })),
    minting((token) => ({ ...token, value: 'same-for-all' })),
    minting((token) => ({ ...token, account: null })),
    tokened((kind) => ({ ...kind, per: 'storefront' })),
  ],
  'an exchange that fails is a tokens problem, whatever came back': [
    exchanging(() => new Error('status 500')),
    exchanging(() => new Problem('upstream/unreachable', 'It is down.')),
    exchanging(() => new Problem('tokens/exchange-unavailable', 'It is down.')),
    exchanging(
      () => new Problem('tokens/exchange-refused', 'ak_4f9c01d2e8b7a653', { retryAfter: 1 }),
    ),
  ],
  'what an exchange cannot send is passed through as it is': [
    exchanging(() => new Problem('tokens/exchange-refused', 'Something.', { retryAfter: 1 })),
  ],
  'an exchange is sent once, to a path, with lower-case headers': [
    tokened((kind) => ({
      ...kind,
      mint: async (request) => {
        await request.send({ method: 'GET', path: '/a', headers: [] })
        return kind.mint(request)
      },
    })),
    tokened((kind) => ({
      ...kind,
      mint: async (request) => {
        await request.send({ method: 'GET', path: '//evil.example/', headers: [] })
        throw new Error('no token')
      },
    })),
    tokened((kind) => ({
      ...kind,
      mint: async (request) => {
        await request.send({ method: 'GET', path: '/a', headers: [['X-Key', 'x']] })
        throw new Error('no token')
      },
    })),
  ],
  'it reads any answer, and blames its credential for a 401 alone': [
    changed({ classify: () => 'ok' }),
    changed({ classify: ({ status }) => (status >= 400 ? 'credential-rejected' : 'ok') }),
    changed({
      classify: () => {
        throw new Error('odd')
      },
    }),
  ],
  'it knows an account’s refusal when it sees one, and nothing else': [
    changed({ accountRefusal: { status: 401, isMeant: () => false } }),
    changed({ accountRefusal: { status: 404, isMeant: () => true } }),
    changed({ accountRefusal: { status: 404, isMeant: (body) => Boolean(JSON.parse(body)) } }),
  ],
  'its endpoints stand at the root, are answered from a token, and are limited': [
    endpointed({ path: '/v1/token' }),
    endpointed({ path: '/acmeapi/token' }),
    endpointed({ path: 'token' }),
    endpointed({ callers: { browser: true } }),
    endpointed({ callers: { anonymous: true } }),
    endpointed({ respond: () => [] }),
    endpointed({ respond: () => ({ key: 'ak_4f9c01d2e8b7a653' }) }),
    starting((upstream) => ({
      ...upstream,
      endpoints: [
        {
          method: 'GET',
          path: '/acme-token',
          callers: {},
          limit: null,
          credential: { ...keyOf(upstream), token: null },
          respond: () => ({}),
        },
      ],
    })),
  ],
}

describe('a planted breach is seen:', () => {
  const cases = names.flatMap((name) =>
    planted[name].map((provider, n) => ({ name, n: n + 1, provider })),
  )
  const [sample] = samples[fakeProvider.id] ?? []
  if (sample === undefined) throw new Error('the fake provider has no sample')

  test('there is one for each promise', () => {
    expect(names.filter((name) => planted[name].length === 0)).toEqual([])
  })

  test.each(cases)('$name ($n)', async ({ name, provider }) => {
    expect(await breaches(name, provider, sample)).not.toEqual([])
  })

  test('an endpoint that is as it should be is no breach', async () => {
    const name = 'its endpoints stand at the root, are answered from a token, and are limited'
    expect(await breaches(name, endpointed({}), sample)).toEqual([])
  })
})

async function breaches(name: PromiseName, provider: Provider, sample: Sample) {
  const upstream = provider.start(provider.config.parse(sample.config), context)
  const subject: Subject = { provider, sample, upstream }
  const check: Check = promises[name]
  return check(subject)
}

function starting(change: (upstream: Upstream) => Upstream): Provider {
  return {
    ...fakeProvider,
    start: (config, started) => change((fakeProvider as Provider).start(config, started)),
  }
}

function changed(upstream: Partial<Upstream>): Provider {
  return starting((started) => ({ ...started, ...upstream }))
}

type ThreeRoutes = [Route, Route, Route]

function routed(change: (routes: ThreeRoutes) => readonly Route[]): Provider {
  return starting((upstream) => ({
    ...upstream,
    routes: change([...upstream.routes] as ThreeRoutes),
  }))
}

function bound(binding: Route['bind'][number]): Provider {
  return routed(([one, points, ...rest]) => [one, { ...points, bind: [binding] }, ...rest])
}

function credentialed(change: (credential: Credential) => Credential): Provider {
  return starting((upstream) => {
    const known = new Map<Credential, Credential>()
    return {
      ...upstream,
      authorize(call) {
        const credential = upstream.authorize(call)
        const made = known.get(credential) ?? change(credential)
        known.set(credential, made)
        return made
      },
    }
  })
}

function tokened(change: (kind: TokenKind) => TokenKind): Provider {
  return credentialed((credential) =>
    credential.token === null ? credential : { ...credential, token: change(credential.token) },
  )
}

function minting(change: (token: Token) => Token): Provider {
  return tokened((kind) => ({ ...kind, mint: async (request) => change(await kind.mint(request)) }))
}

function exchanging(failure: () => Error): Provider {
  return tokened((kind) => ({
    ...kind,
    mint: async (request) => {
      if (request.account !== null) return kind.mint(request)
      await request.send({ method: 'GET', path: '/a', headers: [] }).catch(() => undefined)
      throw failure()
    },
  }))
}

function keyOf(upstream: Upstream): Credential {
  const facts = {
    route: { credential: 'token' },
    channel: 'app',
    customer: '1001',
    headers: {},
  } as const
  return upstream.authorize(facts)
}

function endpointed(change: Partial<Upstream['endpoints'][number]>): Provider {
  return starting((upstream) => ({
    ...upstream,
    endpoints: [
      {
        method: 'GET',
        path: '/acme-token',
        callers: { service: 'acmeapi:orders' },
        limit: null,
        credential: keyOf(upstream),
        respond: ({ value }) => ({ token: value }),
        ...change,
      },
    ],
  }))
}

/** The fake provider with a schema that takes whatever comes, once its own has taken it. */
function withConfig(change: (value: object) => object): Provider {
  const config = {
    parse: (value: object) => change(value),
    safeParse: (value: object) => ({ success: true, data: value }),
  } as unknown as Provider['config']
  return { ...fakeProvider, config, start: () => started() }
}

function started(): Upstream {
  const [sample] = samples[fakeProvider.id] ?? []
  return fakeProvider.start(fakeProvider.config.parse(sample?.config), context)
}
