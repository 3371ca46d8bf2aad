/**
 * What `src/provider.ts` says in its comments, as checks. Each takes a provider, started with one
 * sample, and returns one line for each breach that it found.
 */
import { isDeepStrictEqual } from 'node:util'
import { createRouteTable } from '../../src/policy/match.ts'
import { Problem } from '../../src/problem.ts'
import type { Provider, Send, Upstream } from '../../src/provider.ts'
import {
  allFacts,
  attempt,
  BAD_ANSWERS,
  BAD_BODIES,
  breach,
  chainOf,
  change,
  credentialsOf,
  describe,
  each,
  failing,
  FORBIDDEN,
  headerNamesOf,
  mintHere,
  namesSomebody,
  NOW,
  ODD_HEADERS,
  pathsOf,
  proofsOf,
  secretsIn,
  someToken,
  spelled,
  thrown,
  tokenKindsOf,
} from './provider-probe.ts'
import type { Sample } from './provider-samples.ts'

export interface Subject {
  readonly provider: Provider
  readonly sample: Sample
  readonly upstream: Upstream
}

export type Check = (subject: Subject) => readonly string[] | Promise<readonly string[]>

export const context = { storefront: 'acme', origins: ['https://www.acme.example'] }
const CUSTOMERS = ['1001', 'a.b_c-d']

export const promises = {
  'its id can stand in a path and a configuration': ({ provider: { id, title } }) => [
    ...breach(!/^[a-z][a-z0-9-]*$/.test(id), `the id ${id} is no plain word`),
    ...breach(title.trim() === '' || title !== title.trim(), 'the title is no name'),
  ],

  'its configuration is strict and hides its secrets': ({ provider, sample }) => {
    const parsed = provider.config.parse(sample.config)
    const printed = JSON.stringify(parsed)
    return [
      ...breach(
        provider.config.safeParse({ ...sample.config, unknownKey: 1 }).success,
        'an unknown key is taken',
      ),
      ...breach(provider.config.safeParse({}).success, 'nothing is taken for a configuration'),
      ...secretsIn(printed, sample).map((path) => `${path} shows in the parsed configuration`),
      ...Object.keys(sample.secrets)
        .filter((path) => provider.config.safeParse(change(sample.config, path, '')).success)
        .map((path) => `an empty ${path} is taken`),
    ]
  },

  'its mounts are root paths that end with a slash': ({ provider }) =>
    provider.mounts
      .filter((mount) => !/^\/(?:[a-z0-9-]+\/)+$/.test(mount))
      .map((mount) => `the mount ${mount}`),

  'its scopes are those that its routes ask for': ({ provider: { scopes }, upstream }) => {
    const asked = [...upstream.routes, ...upstream.endpoints].flatMap(
      ({ callers }) => callers.service ?? [],
    )
    return [
      ...asked
        .filter((scope) => !scopes.includes(scope))
        .map((scope) => `${scope} is asked for and not listed`),
      ...scopes
        .filter((scope) => !asked.includes(scope))
        .map((scope) => `${scope} is listed and reaches nothing`),
    ]
  },

  'starting does no I/O, and twice gives the same': ({ provider, sample, upstream }) => {
    const before = process.getActiveResourcesInfo()
    const again = provider.start(provider.config.parse(sample.config), context)
    const after = process.getActiveResourcesInfo()
    return [
      ...breach(after.length > before.length, `it left ${after.join()} running`),
      ...breach(
        !isDeepStrictEqual(pathsOf(again), pathsOf(upstream)),
        'it starts with other routes',
      ),
    ]
  },

  'its upstream names it, and goes to one origin': ({ provider, upstream }) => {
    const { origin, egress } = upstream
    const url = URL.parse(origin)
    const isLoopback = url?.hostname === '127.0.0.1' || url?.hostname === 'localhost'
    return [
      ...breach(upstream.provider !== provider.id, 'it repeats another id'),
      ...breach(upstream.title !== provider.title, 'it repeats another title'),
      ...breach(upstream.environment === '', 'it is in no environment'),
      ...breach(url?.origin !== origin, `${origin} is no origin`),
      ...breach(url?.protocol !== 'https:' && !isLoopback, `${origin} is not https`),
      ...breach(egress.localAddress !== undefined && egress.proxy !== undefined, 'it leaves twice'),
    ]
  },

  'its routes are canonical, distinct, and make a table': ({ upstream: { routes } }) => {
    const names = routes.map(({ method, path }) => `${method} ${path}`)
    return [
      ...names
        .filter((name, at) => names.indexOf(name) < at)
        .map((name) => `${name} is there twice`),
      ...each(routes, ({ path }) =>
        breach(!/^(?:\/(?::[a-zA-Z]+|[A-Za-z0-9_-]+))+$/.test(path), 'is not canonical'),
      ),
      ...thrown(() => createRouteTable(routes)),
    ]
  },

  'its routes say who may call, and where the caller’s ids stand': ({ upstream }) =>
    each(upstream.routes, (route) => [
      ...breach(Object.keys(route.callers).length === 0, 'is for nobody'),
      ...breach(
        route.callers.customer === 'read' && route.bind.length === 0,
        'reads what is nobody’s',
      ),
      ...breach(
        route.query === 'any' && namesSomebody(route),
        'names somebody and takes any query',
      ),
      ...breach(
        route.callers.customer === 'never' && route.method === 'GET',
        'is a read that nobody may make',
      ),
      ...breach(
        route.callers.customer === 'read' && route.method !== 'GET',
        'is a change, called a read',
      ),
      ...breach(route.family === '' || route.credential === '', 'has no family or credential'),
    ]),

  'its bindings stand where the route has them': ({ upstream }) =>
    each(upstream.routes, ({ path, bind, query }) =>
      bind.flatMap((at) => [
        ...breach(
          at.in === 'path' && !path.split('/').includes(`:${at.name}`),
          `binds ${at.name}, which is not in the path`,
        ),
        ...breach(
          at.in === 'query' && query !== 'any' && !query.includes(at.name),
          `binds ${at.name}, which may not be sent`,
        ),
        ...breach(
          at.to === 'fixed' && upstream.fixed[at.name] === undefined,
          `fixes ${at.name} to nothing`,
        ),
        ...breach(at.in === 'path' && at.fill === true, `fills ${at.name} into the path`),
        ...breach(
          at.in !== 'path' && (at.self !== undefined || at.unknown !== undefined),
          `takes ${at.name} for a segment`,
        ),
        ...breach(
          at.unknown !== undefined && !/^[\w-]+$/.test(at.unknown()),
          `sends an odd ${at.name}`,
        ),
      ]),
    ),

  'what names a person is bound or refused': ({ upstream: { routes, personal } }) =>
    each(routes, ({ bind, query }) => {
      const bound = bind.filter((at) => at.in === 'query').map(({ name }) => name)
      const open = query === 'any' ? [] : query.filter((name) => personal.includes(name))
      return [
        ...open.filter((name) => !bound.includes(name)).map((name) => `takes ${name} unbound`),
        ...bound
          .filter((name) => !personal.includes(name))
          .map((name) => `${name} is not said to be personal`),
      ]
    }),

  'what is the same for everybody names nobody': ({ upstream: { routes } }) =>
    each(routes, (route) => [
      ...breach(route.content === true && namesSomebody(route), 'is content and names somebody'),
      ...breach(route.content === true && route.method !== 'GET', 'is content and a change'),
      ...breach(
        route.content === true && route.callers.anonymous !== true,
        'is content and not for everybody',
      ),
    ]),

  'bodies, quotas and repetitions make sense': ({ upstream: { routes } }) =>
    each(routes, ({ method, body, quota, replayable }) => [
      ...breach(body !== undefined && method !== 'POST' && method !== 'PUT', 'takes a body'),
      ...breach(body !== undefined && body.maxBytes <= 0, 'takes a body of no bytes'),
      ...breach(body?.maxItems !== undefined && body.type !== 'json', 'counts what is not JSON'),
      ...breach(
        quota !== undefined && (quota.calls <= 0 || quota.per <= 0),
        'has a quota of nothing',
      ),
      ...breach(
        replayable !== undefined && method === 'GET',
        'says again that a read may be repeated',
      ),
    ]),

  'what it opens to shoppers are writes that may be opened': ({ upstream: { routes, allow } }) => {
    const open = routes.filter(({ callers }) => callers.customer === 'write')
    const names = open.map(({ method, path }) => `${method} ${path}`)
    return allow
      .filter((entry) => !names.includes(entry))
      .map((entry) => `${entry} cannot be opened`)
  },

  'it takes no header from the caller that proves or routes something': ({ upstream }) => {
    const { callerHeaders, passHeaders, headers } = upstream
    const ours = new Set(credentialsOf(upstream).flatMap(headerNamesOf))
    const taken = [...Object.keys(callerHeaders), ...passHeaders]
    return [
      ...[...taken, ...headers.map(([name]) => name)]
        .filter((name) => !/^[a-z0-9-]+$/.test(name))
        .map((name) => `${name} is not lower case`),
      ...taken
        .filter((name) => FORBIDDEN.has(name))
        .map((name) => `${name} is taken from the caller`),
      ...passHeaders
        .filter((name) => ours.has(name))
        .map((name) => `${name} is ours and passed on`),
      ...Object.entries(callerHeaders)
        .filter(([, header]) => !header.values.includes(header.default))
        .map(([name]) => `the default of ${name} is none of its values`),
    ]
  },

  'it lists every secret, with where it stands': ({ sample, upstream }) => {
    const listed = upstream.secrets.map(({ path, value }) => [path.join('.'), value.reveal()])
    const same = isDeepStrictEqual(Object.fromEntries(listed), sample.secrets)
    return [
      ...breach(!same, `it lists ${listed.map(([path]) => path).join()}`),
      ...upstream.secrets
        .filter(
          ({ environment, purpose }) => environment !== upstream.environment || purpose === '',
        )
        .map(({ path }) => `${path.join('.')} is for another environment or no purpose`),
      ...secretsIn(JSON.stringify(upstream.warnings), sample).map(
        (path) => `a warning shows ${path}`,
      ),
      ...secretsIn(JSON.stringify(upstream.headers), sample).map(
        (path) => `${path} goes with every call`,
      ),
    ]
  },

  'its customer ids are canonical once and for all': ({ upstream }) => {
    const spellings = [
      ...CUSTOMERS,
      ...CUSTOMERS.flatMap((id) => spelled(id, upstream)),
      '',
      '-',
      '__proto__',
    ]
    return [
      ...spellings
        .map((id) => upstream.canonicalCustomer(id))
        .filter((id) => upstream.canonicalCustomer(id) !== id)
        .map((id) => `${id} is not canonical yet`),
      ...CUSTOMERS.filter(
        (id) =>
          upstream.canonicalCustomer(upstream.wireCustomer(id)) !== upstream.canonicalCustomer(id),
      ).map((id) => `${id} comes back as somebody else`),
      ...breach(
        upstream.wireCustomer('1001') === upstream.wireCustomer('1002'),
        'two are one on the wire',
      ),
    ]
  },

  'it authorizes the same facts with the same object': ({ upstream }) =>
    allFacts(upstream).flatMap((facts) => {
      const [one, other] = [
        attempt(() => upstream.authorize(facts)),
        attempt(() => upstream.authorize(facts)),
      ]
      if (one instanceof Problem)
        return breach(one.code === 'internal', `fails for ${describe(facts)}`)
      if (one instanceof Error) return [`throws no Problem for ${describe(facts)}`]
      return breach(one !== other, `makes two credentials for ${describe(facts)}`)
    }),

  'its credentials are header lines, and their keys are named without the key': ({
    sample,
    upstream,
  }) =>
    credentialsOf(upstream).flatMap((credential) => [
      ...headerNamesOf(credential)
        .filter((name) => !/^[a-z0-9-]+$/.test(name))
        .map((name) => `${name} is not lower case`),
      ...credential.headers
        .filter(([, value]) => !/^[\x21-\x7e]+$/.test(value))
        .map(([name]) => `${name} is empty or odd`),
      ...secretsIn(JSON.stringify(credential.key), sample).map(
        (path) => `a key reference shows ${path}`,
      ),
      ...breach(
        credential.key.id === '' || credential.key.fingerprint === '',
        'a key is not named',
      ),
      ...breach(chainOf(credential).length > 4, 'falls back without end'),
    ]),

  'a fingerprint changes with everything that goes into a token': async ({ provider, sample }) => {
    const found = await Promise.all(
      Object.keys(sample.secrets).map(async (path) => {
        const changed = change(sample.config, path, `${sample.secrets[path]}-changed`)
        const [old, now] = [sample.config, changed].map((config) =>
          provider.start(provider.config.parse(config), context),
        )
        if (old === undefined || now === undefined) return []
        const [before, after] = await Promise.all([proofsOf(old), proofsOf(now)])
        return before.flatMap(({ fingerprint, proof }, at) =>
          breach(
            proof !== after[at]?.proof && fingerprint === after[at]?.fingerprint,
            `${path} changes a proof and not its fingerprint`,
          ),
        )
      }),
    )
    return found.flat()
  },

  'its tokens are of now, end, and are renewed before': async ({ upstream }) => {
    const minted = await Promise.all(
      tokenKindsOf(upstream).map(async (kind) => ({ kind, token: await mintHere(kind) })),
    )
    return minted.flatMap(({ kind, token }) => {
      if (token === null) return []
      return [
        ...breach(!/^[\x21-\x7e]+$/.test(token.value), `${kind.kind} is no header value`),
        ...breach(token.issuedAt > NOW, `${kind.kind} is from the future`),
        ...breach(token.refreshAt <= token.issuedAt, `${kind.kind} is renewed at once`),
        ...breach(
          token.refreshAt + kind.jitter >= token.expiresAt,
          `${kind.kind} is renewed too late`,
        ),
        ...breach(token.source !== 'minted', `${kind.kind} is made here and says ${token.source}`),
        ...breach(kind.jitter < 0 || kind.kind === '', `${kind.kind} has no name or spread`),
        ...breach(!/^[a-z0-9-]+$/.test(kind.header), `${kind.header} is not lower case`),
      ]
    })
  },

  'making a token is pure, and no two owners share one': async ({ upstream }) => {
    const found = await Promise.all(
      tokenKindsOf(upstream).map(async (kind) => {
        const [one, again] = [await mintHere(kind), await mintHere(kind)]
        const other = await mintHere(kind, { account: 'another-account' })
        if (one === null) return []
        return [
          ...breach(!isDeepStrictEqual(one, again), `${kind.kind} is not the same twice`),
          ...breach(
            kind.per === 'customer' && one.value === other?.value,
            `${kind.kind} is shared`,
          ),
          ...breach(
            kind.per === 'customer' && one.account !== 'some-account',
            `${kind.kind} forgets its account`,
          ),
          ...breach(
            kind.per === 'storefront' && one.value !== other?.value,
            `${kind.kind} looks at who asks`,
          ),
        ]
      }),
    )
    return found.flat()
  },

  'an exchange that fails is a tokens problem, whatever came back': async ({
    sample,
    upstream,
  }) => {
    const found = await Promise.all(
      tokenKindsOf(upstream).flatMap((kind) =>
        BAD_ANSWERS.map(async (answer) => {
          const problem = await failing(kind, async () => answer)
          if (problem === null) return []
          const what = `${kind.kind} after ${answer.status} ${answer.body.slice(0, 20)}`
          if (!(problem instanceof Problem)) return [`${what}: throws no Problem`]
          return [
            ...breach(!problem.code.startsWith('tokens/'), `${what}: ${problem.code}`),
            ...breach(
              answer.status >= 500 && problem.retryAfter === null,
              `${what}: no Retry-After`,
            ),
            ...secretsIn(problem.message, sample).map((path) => `${what}: shows ${path}`),
          ]
        }),
      ),
    )
    return found.flat()
  },

  'what an exchange cannot send is passed through as it is': async ({ upstream }) => {
    const thrown = new Problem('tokens/exchange-unavailable', 'It is down.', { retryAfter: 1 })
    const found = await Promise.all(
      tokenKindsOf(upstream).map(async (kind) => {
        const problem = await failing(kind, () => Promise.reject(thrown))
        return breach(problem !== null && problem !== thrown, `${kind.kind} hides what happened`)
      }),
    )
    return found.flat()
  },

  'an exchange is sent once, to a path, with lower-case headers': async ({ upstream }) => {
    const found = await Promise.all(
      tokenKindsOf(upstream).map(async (kind) => {
        const sent: Parameters<Send>[0][] = []
        await failing(kind, async (request) => {
          sent.push(request)
          return { status: 503, headers: {}, body: '' }
        })
        return [
          ...breach(sent.length > 1, `${kind.kind} is asked for ${sent.length} times`),
          ...sent.flatMap(({ path, headers }) => [
            ...breach(
              !/^\/[\x21-\x7e]*$/.test(path) || path.startsWith('//'),
              `${path} is no path`,
            ),
            ...headers
              .filter(([name]) => !/^[a-z0-9-]+$/.test(name))
              .map(([name]) => `${name} is not lower case`),
          ]),
        ]
      }),
    )
    return found.flat()
  },

  'it reads any answer, and blames its credential for a 401 alone': ({ upstream }) =>
    Array.from({ length: 600 }, (_, status) => status).flatMap((status) =>
      ODD_HEADERS.flatMap((headers) => {
        const verdict = attempt(() => upstream.classify({ status, headers }))
        if (verdict instanceof Error) return [`throws for ${status}`]
        return [
          ...breach(
            (verdict === 'credential-rejected') !== (status === 401),
            `${status} is ${verdict}`,
          ),
          ...breach(status >= 200 && status < 300 && verdict !== 'ok', `${status} is ${verdict}`),
          ...breach(status === 429 && verdict !== 'throttled', `429 is ${verdict}`),
          ...breach(status >= 500 && verdict !== 'fault', `${status} is ${verdict}`),
        ]
      }),
    ),

  'it knows an account’s refusal when it sees one, and nothing else': ({
    upstream: { accountRefusal },
  }) => {
    if (accountRefusal === null) return []
    const { status, isMeant } = accountRefusal
    return [
      ...breach(
        status < 400 || status > 499 || status === 401,
        `${status} is not about an account`,
      ),
      ...BAD_BODIES.filter((body) => attempt(() => isMeant(body)) !== false).map(
        (body) => `takes ${body.slice(0, 20)}`,
      ),
    ]
  },

  'its endpoints stand at the root, are answered from a token, and are limited': async ({
    provider,
    sample,
    upstream,
  }) => {
    const found = await Promise.all(
      upstream.endpoints.map(async ({ path, callers, limit, credential, respond }) => {
        const isTaken = [`/${provider.id}/`, ...provider.mounts].some((start) =>
          path.startsWith(start),
        )
        const isOpen = callers.anonymous === true || callers.browser === true
        const token = credential.token === null ? null : await mintHere(credential.token)
        const body = JSON.stringify(respond(token ?? someToken))
        return [
          ...breach(!/^(?:\/[a-z0-9-]+)+$/.test(path) || isTaken, `${path} is not at the root`),
          ...breach(isOpen && limit === null, `${path} is open and has no limit`),
          ...breach(credential.token === null, `${path} has no token to answer from`),
          ...breach(!body.startsWith('{'), `${path} answers with no object`),
          ...secretsIn(body, sample).map((secret) => `${path} shows ${secret}`),
        ]
      }),
    )
    return found.flat()
  },
} satisfies Record<string, Check>
