/**
 * `openapi.yaml` and the code say the same, both ways: every route, endpoint and health check is
 * in the document as it is in the code, and nothing else is. Live answers fit its schemas.
 */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { providers } from '../providers/index.ts'
import { parseConfig } from '../src/config/load.ts'
import { createPublicServer } from '../src/downstream/server.ts'
import type { Arrival } from '../src/downstream/accept.ts'
import type { OwnCall, OwnEndpoint } from '../src/endpoint.ts'
import { problems } from '../src/problem.ts'
import type { ProblemCode } from '../src/problem.ts'
import type { BodyRule, Callers, Provider, Route, Upstream } from '../src/provider.ts'
import { buildStorefronts } from '../src/storefront.ts'
import type { Storefront, StorefrontParts } from '../src/storefront.ts'
import { createFakeClock } from './support/fake-clock.ts'
import { textOf } from './support/json.ts'
import { samples } from './support/provider-samples.ts'
import type { Sample } from './support/provider-samples.ts'
import { ALICE, BOB, keys, ORIGIN, startRig } from './support/rig.ts'
import type { Answer, CallOptions, Rig } from './support/rig.ts'

interface Document {
  readonly 'x-cors': Readonly<Record<string, string>>
  readonly paths: Record<string, PathItem>
  readonly components: {
    readonly parameters: Readonly<Record<string, Parameter>>
    readonly responses: Readonly<Record<string, ResponseEntry>>
    readonly headers: Readonly<Record<string, { readonly required?: boolean }>>
    readonly securitySchemes: Readonly<Record<string, { readonly name?: string }>>
  }
}
type PathItem = Record<string, Operation> & { 'x-also-at'?: string }
interface Operation {
  security: Readonly<Record<string, readonly string[]>>[]
  parameters: readonly (Parameter | Reference)[] | undefined
  requestBody?: {
    readonly 'x-max-bytes'?: number
    readonly 'x-shopper-fields'?: readonly string[]
    readonly content: Readonly<Record<string, unknown>>
  }
  readonly responses: Readonly<Record<string, ResponseEntry | Reference>>
}
interface Reference {
  readonly $ref: string
}
interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema?: { readonly enum?: readonly string[]; readonly default?: string }
}
interface ResponseEntry {
  readonly headers?: Readonly<Record<string, Reference>>
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}

const document = parse(readFileSync('openapi.yaml', 'utf8')) as Document
const MAX_OWN_BODY = 16 * 1024

/** One method of one path, as the code has it. */
interface Served {
  readonly callers: Callers
  readonly alsoAt: string | null
  /** `own`: what the gateway reads itself. */
  readonly body: BodyRule | 'own' | null
  /** Absent for what the gateway answers itself. */
  readonly route?: Route
  readonly callerHeaders?: Upstream['callerHeaders']
}
/** By `GET /path/{name}`. */
type Surface = ReadonlyMap<string, Served>

/** Everything that the code serves, whatever a storefront configures. */
async function surfaceOfCode(): Promise<Map<string, Served>> {
  const surface = new Map<string, Served>(await healthChecks())
  const add = (name: string, served: Served) => {
    const known = surface.get(name)?.callers
    surface.set(name, { ...served, callers: { ...known, ...served.callers } })
  }
  for (const provider of providers) {
    for (const sample of samples[provider.id] ?? []) {
      const storefront = storefrontOf(provider, sample)
      for (const { upstream, prefix, mounts } of storefront.upstreams) {
        for (const route of upstream.routes) {
          const isMounted = mounts.some((mount) => route.path.startsWith(mount))
          const path = templateOf(route.path)
          const { callers, body = null } = route
          const alsoAt = isMounted ? path : null
          const { callerHeaders } = upstream
          const served = { callers, body, alsoAt, route, callerHeaders }
          add(`${route.method} ${prefix}${path}`, served)
        }
      }
      for (const endpoint of [...storefront.ownEndpoints.values()].flatMap(valuesOf)) {
        const { method, path, callers } = endpoint
        const body = readsBody(endpoint) ? 'own' : null
        add(`${method} ${path}`, { callers, alsoAt: null, body })
      }
    }
  }
  return surface
}

/** One provider as a file would configure it, without the reads that an operator adds. */
function storefrontOf(provider: Provider, { config }: Sample): Storefront {
  const { routes: _, ...own } = config
  const acme = {
    hosts: ['*'],
    origins: [ORIGIN],
    identity: [{ type: 'session', secret: 'session_secret_for-tests-only_0123456789' }],
    providers: { [provider.id]: own },
  }
  const text = JSON.stringify({ storefronts: { acme } })
  const parts = { tokens: {}, budgets: { configure: () => undefined } }
  const { all } = buildStorefronts(parseConfig(text, { providers }), providers, {
    clock: createFakeClock(),
    ...(parts as unknown as Pick<StorefrontParts, 'tokens' | 'budgets'>),
  })
  const [storefront] = all
  if (storefront === undefined) throw new Error('no storefront')
  return storefront
}

/** Whether it looks at the body at all. */
function readsBody(endpoint: OwnEndpoint): boolean {
  let isRead = false
  const call: OwnCall = {
    arrival: { headers: {} } as Arrival,
    principal: { kind: 'anonymous', channel: 'browser' },
    get body(): unknown {
      isRead = true
      throw new Error('read')
    },
  }
  try {
    Promise.resolve(endpoint.answer(call)).catch(() => undefined)
  } catch {
    // Only whether it was read matters.
  }
  return isRead
}

/** What the listener answers before any storefront is asked. */
async function healthChecks(): Promise<[string, Served][]> {
  const { listen } = parseConfig(
    JSON.stringify({
      storefronts: {
        acme: { hosts: ['*'], providers: { neuroon: samples['neuroon']?.[0]?.config } },
      },
    }),
    { providers },
  )
  const server = createPublicServer({
    serve: () => Promise.resolve(),
    isReady: () => true,
    onRefused: () => '',
    limits: listen.limits,
  })
  await server.ready()
  const listed = server.printRoutes({ commonPrefix: false })
  await server.close()
  return [...listed.matchAll(/(\/\S+) \(GET, HEAD\)/g)].map(([, path = '']) => [
    `GET ${path}`,
    { callers: {}, alsoAt: null, body: null },
  ])
}

function valuesOf<Value>(map: ReadonlyMap<unknown, Value>): Value[] {
  return [...map.values()]
}

function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}

/** Where the two disagree, in words; empty where they say the same. */
function disagreements({ paths, components }: Document, surface: Surface): string[] {
  const found: string[] = []
  const documented = new Map(operationsOf(paths).map((entry) => [entry.name, entry]))
  for (const name of surface.keys()) {
    if (!documented.has(name)) found.push(`${name}: served, and not in the document`)
  }
  for (const [name, { operation, item, path }] of documented) {
    const served = surface.get(name)
    if (served === undefined) {
      found.push(`${name}: in the document, and not served`)
      continue
    }
    const check = (what: string, said: unknown, is: unknown) => {
      const [left, right] = [JSON.stringify(said), JSON.stringify(is)]
      if (left !== right) found.push(`${name}: ${what} is ${right}, and the document says ${left}`)
    }
    check('x-also-at', item['x-also-at'] ?? null, served.alsoAt)
    check('security', proofsIn(operation), proofsFor(served.callers))
    check('body', bodyIn(operation), bodyOf(served.body))
    const parameters = (operation.parameters ?? []).map((parameter) =>
      '$ref' in parameter
        ? (components.parameters[lastOf(parameter.$ref)] ?? { name: '?', in: '?' })
        : parameter,
    )
    const named = (place: string) =>
      parameters.filter((parameter) => parameter.in === place).map(({ name }) => name)
    const segments = [...path.matchAll(/\{(\w+)\}/g)].map(([, segment = '']) => segment)
    check('path parameters', named('path').sort(), segments.sort())
    if (served.route === undefined) continue
    const { query, callers } = served.route
    if (query !== 'any') check('query', named('query').sort(), [...new Set(query)].sort())
    const mayAct = callers.service !== undefined && ofShopper(callers)
    check('acting', named('header').includes('x-gatehouse-customer'), mayAct)
    const chosen = parameters.filter(({ in: place, schema }) => place === 'header' && schema?.enum)
    check('caller headers', chosen.map(choiceIn), Object.entries(served.callerHeaders ?? {}))
  }
  return found
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'trace']

function operationsOf(paths: Document['paths']) {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>)
      .filter(([key]) => METHODS.includes(key))
      .map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        path,
        item,
        operation,
      })),
  )
}

/** As a provider declares a header that it takes from callers. */
function choiceIn({ name, schema }: Parameter): [string, Upstream['callerHeaders'][string]] {
  return [name, { values: schema?.enum ?? [], default: schema?.default ?? '' }]
}

function proofsIn({ security }: Operation): string[] {
  return security
    .map((one) =>
      Object.entries(one)
        .map(([scheme, scopes]) => [scheme, ...scopes].join(' '))
        .join(' and '),
    )
    .sort()
}

/** As the head of the document explains: `{}` needs no proof, and one that comes must hold. */
function proofsFor(callers: Callers): string[] {
  const isOpen = callers.anonymous === true || callers.browser === true
  const open = isOpen ? [''] : []
  const shopper = isOpen || ofShopper(callers) ? ['session', 'sessionCookie'] : []
  const { service } = callers
  const schemes = service === undefined ? [] : ['serviceKey', 'shopApiKey', 'apiKey']
  return [...open, ...shopper, ...schemes.map((scheme) => `${scheme} ${service}`)].sort()
}

function ofShopper({ customer }: Callers): boolean {
  return customer === 'read' || customer === 'write'
}

function bodyIn({ requestBody }: Operation): object | null {
  if (requestBody === undefined) return null
  const types = Object.keys(requestBody.content)
  return {
    isJsonAlone: types.join() === 'application/json',
    maxBytes: requestBody['x-max-bytes'],
    fields: requestBody['x-shopper-fields'] ?? null,
  }
}

function bodyOf(body: Served['body']): object | null {
  if (body === null) return null
  if (body === 'own') return { isJsonAlone: true, maxBytes: MAX_OWN_BODY, fields: null }
  const fields = body.fields?.map(({ name }) => name) ?? null
  return { isJsonAlone: body.type === 'json', maxBytes: body.maxBytes, fields }
}

function lastOf(reference: string): string {
  return reference.split('/').at(-1) ?? ''
}

function responseOf(entry: ResponseEntry | Reference): ResponseEntry {
  if (!('$ref' in entry)) return entry
  const response = document.components.responses[lastOf(entry.$ref)]
  if (response === undefined) throw new Error(`${entry.$ref} leads nowhere`)
  return response
}

let surface: Map<string, Served>
beforeAll(async () => {
  surface = await surfaceOfCode()
})

describe('the document and the code', () => {
  test('say the same', () => {
    expect(disagreements(document, surface)).toEqual([])
  })

  test('both have each kind of thing', () => {
    expect([...surface.keys()]).toEqual(
      expect.arrayContaining([
        'GET /livez',
        'GET /readyz',
        'GET /session',
        'POST /session',
        'DELETE /session',
        'POST /session/redeem',
        'GET /widget-token',
        'POST /neuroon/api/widget/search',
        'GET /nector/api/v2/merchant/leads/{id}',
      ]),
    )
  })

  test('every mount of a provider is told of', () => {
    const told = operationsOf(document.paths).map(({ item }) => item['x-also-at'] ?? '')
    for (const mount of providers.flatMap(({ mounts }) => mounts)) {
      expect(told.some((path) => path.startsWith(mount))).toBe(true)
    }
  })
})

describe('a planted difference is reported', () => {
  const search = '/neuroon/api/widget/search'

  test('a route that the code has no more', () => {
    const fewer = new Map(surface)
    fewer.delete(`POST ${search}`)
    expect(disagreements(document, fewer)).toEqual([
      `POST ${search}: in the document, and not served`,
    ])
  })

  test('a route that the document does not have', () => {
    const { [search]: _, ...paths } = document.paths
    expect(disagreements({ ...document, paths }, surface)).toEqual([
      `GET ${search}: served, and not in the document`,
      `POST ${search}: served, and not in the document`,
    ])
  })

  const changes: [string, (operation: Operation, item: PathItem) => void, string[]][] = [
    ['a method', (operation, item) => void (item['delete'] = operation), ['DELETE']],
    ['no body', (operation) => delete operation.requestBody, ['POST']],
    ['other proofs', (operation) => operation.security.pop(), ['POST']],
    ['another parameter', (operation) => (operation.parameters = [inPath]), ['POST']],
    ['no second path', (_, item) => delete item['x-also-at'], ['GET', 'POST']],
    ['another one', (_, item) => (item['x-also-at'] = '/search'), ['GET', 'POST']],
  ]
  const inPath = { name: 'id', in: 'path' }
  test.each(changes)('%s in the document', (_what, change, methods) => {
    const copy = structuredClone(document)
    const item = copy.paths[search]
    const operation = item?.['post']
    if (item === undefined || operation === undefined) throw new Error('no search')
    change(operation, item)
    const found = disagreements(copy, surface)
    expect(found.map((one) => one.split(' ', 1)[0])).toEqual(methods)
  })

  test.each([
    ['a parameter of a query that lists its names', 'LeadId'],
    ['a header that the provider takes from callers', 'Source'],
  ])('%s', (_what, left) => {
    const copy = structuredClone(document)
    const operation = copy.paths['/nector/api/v2/merchant/coupons']?.['get']
    if (operation === undefined) throw new Error('no coupons')
    operation.parameters = operation.parameters?.filter(
      (parameter) => !('$ref' in parameter) || lastOf(parameter.$ref) !== left,
    )
    expect(disagreements(copy, surface)).toHaveLength(1)
  })
})

describe('problems in the document', () => {
  const answered = operationsOf(document.paths).flatMap(({ name, operation }) =>
    Object.entries(operation.responses).flatMap(([status, response]) =>
      codesIn(responseOf(response)).map((code) => ({ name, status, code })),
    ),
  )

  test('stand under the status of their code', () => {
    const wrong = answered.filter(
      ({ status, code }) => status !== 'default' && Number(status) !== problems[code]?.[0],
    )
    expect(wrong).toEqual([])
  })

  test('are all answered by some operation', () => {
    const used = new Set(answered.map(({ code }) => code))
    expect([...used].sort()).toEqual(Object.keys(problems).sort())
  })

  test('name the cookie that the gateway sets', () => {
    expect(document.components.securitySchemes['sessionCookie']?.name).toBe('__Host-gatehouse')
  })
})

/** The codes that a response may hold. */
function codesIn({ content }: ResponseEntry): ProblemCode[] {
  const schema = content?.['application/problem+json']?.schema as
    { allOf: { properties?: { code: { enum: ProblemCode[] } } }[] } | undefined
  return schema?.allOf.flatMap(({ properties }) => properties?.code.enum ?? []) ?? []
}

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
ajv.addFormat('uri', (text) => URL.canParse(text))
ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const { components } = document

/** What of a live answer the document does not say; empty where it fits. */
function misfits(name: string, answer: Answer): string[] {
  const entry = operationsOf(document.paths).find((one) => one.name === name)
  if (entry === undefined) return [`${name} is not in the document`]
  const { responses } = entry.operation
  const said = responses[answer.status] ?? responses['default']
  if (said === undefined) return [`${answer.status} is not in the document`]
  const { headers = {}, content } = responseOf(said)
  const missing = Object.entries(headers)
    .filter(([header, { $ref }]) => {
      const isRequired = components.headers[lastOf($ref)]?.required === true
      return isRequired && answer.headers[header.toLowerCase()] === undefined
    })
    .map(([header]) => `${header} is missing`)
  if (content === undefined) return answer.text === '' ? missing : [...missing, 'there is a body']
  const type = String(answer.headers['content-type']).split(';', 1)[0] ?? ''
  const schema = content[type]?.schema
  if (schema === undefined) return [...missing, `${type} is not in the document`]
  const validate = ajv.compile({ ...schema, components })
  if (validate(answer.json)) return missing
  return [...missing, ajv.errorsText(validate.errors)]
}

describe('live answers', () => {
  let rig: Rig
  let alice: string
  beforeAll(async () => {
    rig = await startRig({ configure: (yaml) => yaml.replace('    limits: off\n', '') })
    alice = await rig.session(ALICE.customer)
  })
  afterAll(() => rig.close())

  const server = { as: keys.backend }
  const json = { customerId: ALICE.customer }
  const lead = '/nector/api/v2/merchant/leads'
  const calls: [operation: string, status: number, path: string, options: () => CallOptions][] = [
    ['GET /livez', 200, '/livez', () => ({})],
    ['GET /readyz', 200, '/readyz', () => ({})],
    ['GET /session', 200, '/session', () => ({})],
    ['GET /session', 200, '/session', () => ({ as: alice })],
    ['GET /session', 401, '/session', () => ({ as: 'not-a-token' })],
    ['POST /session', 201, '/session', () => ({ ...server, json })],
    ['POST /session', 201, '/session', () => ({ ...server, json: { ...json, handoff: true } })],
    ['POST /session', 400, '/session', () => ({ ...server, json: {} })],
    ['POST /session', 401, '/session', () => ({ json })],
    ['POST /session', 403, '/session', () => ({ as: keys.powerless, json })],
    ['POST /session', 415, '/session', () => ({ ...server, body: 'customerId=1' })],
    ['DELETE /session', 204, '/session', () => ({ ...server, json: { customerId: '7' } })],
    ['GET /widget-token', 200, '/widget-token', () => server],
    ['GET /widget-token', 401, '/widget-token', () => ({})],
    ['GET /neuroon/api/widget/search', 200, '/api/widget/search?q=tent', () => ({})],
    ['GET /neuroon/api/widget/search', 400, '/neuroon/api/widget/search?q=%zz', () => ({})],
    ['POST /neuroon/api/widget/search', 200, '/api/widget/search', () => searchFor('tent')],
    ['GET /nector/api/v2/merchant/leads/{id}', 200, `${lead}/me`, () => ({ as: alice })],
    ['GET /nector/api/v2/merchant/leads/{id}', 401, `${lead}/me`, () => ({})],
    ['PUT /nector/api/v2/merchant/leads/{id}', 403, `${lead}/me`, () => dobOf(alice)],
    ['POST /session/redeem', 401, '/session/redeem', () => redeeming('x')],
  ]
  test.each(calls)('%s: %i', async (operation, status, path, options) => {
    const method = operation.split(' ', 1)[0] ?? ''
    const answer = await rig.call(path, { method, ...options() })
    expect({ status: answer.status, text: answer.text }).toMatchObject({ status })
    expect(misfits(operation, answer)).toEqual([])
  })

  test('POST /session/redeem: 200 with the cookie, and the answer says who it is', async () => {
    const made = await rig.call('/session', {
      method: 'POST',
      ...server,
      json: { ...json, handoff: true },
    })
    const code = textOf(made.json['code'])
    const answer = await rig.call('/session/redeem', { method: 'POST', ...redeeming(code) })
    expect(answer.status).toBe(200)
    expect(misfits('POST /session/redeem', answer)).toEqual([])
  })

  test('one that does not fit is reported', async () => {
    const answer = await rig.call('/session')
    const planted = { ...answer, json: { ...answer.json, secret: {} } }
    expect(misfits('GET /session', planted).join()).toContain('additional properties')
    const problem = await rig.call('/session', { as: 'not-a-token' })
    const bare = { ...problem, headers: { 'content-type': 'application/problem+json' } }
    expect(misfits('GET /session', bare).join()).toContain('WWW-Authenticate is missing')
    expect(misfits('GET /session', { ...answer, status: 201 })).not.toEqual([])
  })

  test('tell of the limit in headers that the document names', async () => {
    const answer = await rig.call('/api/widget/search?q=tent')
    for (const name of ['RateLimit', 'RateLimit-Policy']) {
      expect(answer.headers[name.toLowerCase()]).toBeTypeOf('string')
      const said = document.paths['/neuroon/api/widget/search']?.['get']?.responses['200']
      expect(Object.keys((said as ResponseEntry).headers ?? {})).toContain(name)
    }
  })

  test('a preflight has the headers of x-cors', async () => {
    const answer = await rig.call('/session', {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
    })
    expect(answer.headers).toMatchObject(document['x-cors'])
  })

  test('a HEAD is what the GET would be, without the body', async () => {
    for (const path of ['/livez', '/readyz', '/session']) {
      const [get, head] = [await rig.call(path), await rig.call(path, { method: 'HEAD' })]
      expect([head.status, head.text]).toEqual([get.status, ''])
    }
  })
})

describe('every operation, called by everybody', () => {
  let rig: Rig
  let callers: readonly CallOptions[]
  beforeAll(async () => {
    const browser = '        widgetToken: { browser: true }\n        budget: off\n'
    rig = await startRig({
      configure: (yaml) => yaml.replace('        budget: off\n', browser),
    })
    const [alice, ended] = [await rig.session(ALICE.customer), await rig.session(ALICE.customer)]
    await rig.call('/session', { method: 'DELETE', as: ended })
    const acting = { 'x-gatehouse-customer': ALICE.customer }
    callers = [
      {},
      { headers: { origin: ORIGIN } },
      { headers: { origin: 'https://evil.example' } },
      { headers: acting },
      { as: 'not-a-token' },
      { as: ended },
      { as: alice },
      { as: keys.powerless },
      { as: keys.powerless, headers: acting },
      { as: keys.powerless, headers: { 'sec-fetch-site': 'same-origin' } },
      { as: keys.plugin },
      { as: keys.backend },
      { as: keys.backend, headers: acting },
    ]
  })
  afterAll(() => rig.close())

  /** What it answered with, and where the document does not say so. */
  async function ask({ name, path, operation }: ReturnType<typeof operationsOf>[number]) {
    const method = name.split(' ', 1)[0] ?? ''
    const body = operation.requestBody === undefined ? {} : { json: bodyFor(path) }
    const observed = new Set<string>()
    const wrong: string[] = []
    for (const target of [targetOf(path, ALICE.id), namingAnother(path)]) {
      for (const caller of callers) {
        const answer = await rig.call(target, { method, ...caller, ...body })
        const code = codeOf(answer)
        if (code !== null) observed.add(code)
        wrong.push(...misfits(name, answer).map((one) => `${code ?? answer.status}: ${one}`))
      }
    }
    return { observed, wrong: [...new Set(wrong)] }
  }

  const operations = operationsOf(document.paths).sort(
    (one, other) =>
      // Last, because it ends the session that the others use.
      Number(one.name === 'DELETE /session') - Number(other.name === 'DELETE /session'),
  )
  test.each(operations.map((operation) => [operation.name, operation] as const))(
    '%s: each answer is in the document, and each refusal of the document is answered',
    async (_name, operation) => {
      const { observed, wrong } = await ask(operation)
      expect(wrong).toEqual([])
      const { responses } = operation.operation
      const said = ['401', '403'].flatMap((status) => {
        const response = responses[status]
        return response === undefined ? [] : codesIn(responseOf(response))
      })
      expect(said.filter((code) => !observed.has(code))).toEqual([])
    },
  )
})

function codeOf(answer: Answer): string | null {
  const isProblem = answer.headers['content-type'] === 'application/problem+json'
  return isProblem ? textOf(answer.json['code']) : null
}

/** On endpoints of our own one that means somebody; a provider is left to refuse what is missing. */
function bodyFor(path: string): object {
  if (path === '/session') return { customerId: BOB.customer }
  return path === '/session/redeem' ? { code: 'x' } : {}
}

function targetOf(path: string, lead: string, shop = 'shop_abc'): string {
  const id = path.includes('/leads/') ? lead : '3f6c1c5e-8a57-4b0e-9a39-0d9c1d0b7a11'
  return path.replace('{shopId}', shop).replace('{externalId}', 'fk-101').replace('{id}', id)
}

/** Another shop, another lead and another customer, wherever the path or query can name one. */
function namingAnother(path: string): string {
  const target = targetOf(path, BOB.id, 'shop_other')
  if (!path.startsWith('/nector/')) return target
  return `${target}?${path.includes('/referrals') ? 'referred_by_lead_id' : 'lead_id'}=${BOB.id}`
}

function searchFor(query: string): CallOptions {
  return { json: { query } }
}

function dobOf(shopper: string): CallOptions {
  return { as: shopper, json: { metadetail: { dob: '1990-01-01' } } }
}

function redeeming(code: string): CallOptions {
  return { headers: { origin: ORIGIN }, json: { code } }
}
