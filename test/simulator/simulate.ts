/**
 * Thousands of shoppers, several storefronts, all providers and some replicas in virtual time, over
 * the real token code. Every step is a piece of an interleaving: a call begins, something arrives
 * or is answered, time passes, or something goes wrong. One seed is one history.
 *
 * What must never happen is a sin, and the run ends with the first of them.
 */
import { Problem } from '../../src/problem.ts'
import type { Upstream } from '../../src/provider.ts'
import type { Delivery } from '../../src/upstream/deliver.ts'
import type { Forward, Outcome } from '../../src/upstream/forward.ts'
import { answerExchange } from './exchanges.ts'
import { judge } from './oracle.ts'
import { createRandom } from './random.ts'
import type { Random } from './random.ts'
import { createReplica } from './replica.ts'
import type { Replica } from './replica.ts'
import { createGate, createSchedule } from './schedule.ts'
import { configuredKeys, firstSettings, placeOf, providerIds } from './storefronts.ts'
import type { Vendor } from './storefronts.ts'
import { createTruth } from './truth.ts'
import type { Place, Settings, Truth } from './truth.ts'
import { witnessIds, witnessRoutes } from './witness-provider.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly steps: number
}

export interface Report {
  readonly seed: number
  /** Steps that were made: fewer than asked for where a sin ended the run. */
  readonly steps: number
  readonly sins: readonly string[]
  readonly counts: ReadonlyMap<string, number>
  readonly virtualDays: number
}

interface Call {
  readonly replica: Replica
  readonly settings: Settings
  readonly provider: string
  readonly route: string
  readonly customer: string | null
  readonly isReplayable: boolean
  readonly startedAt: number
  sends: number
  refusals: number
  isAborted: boolean
  abort: (() => void) | null
  forwarded(): void
}

const SHOPPERS = 3_000
const START = 1_715_000_000_000
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** Exchanges and calls are bounded, so that is a hang. */
const TOO_LONG = 5 * MINUTE
const MAX_LIVE = 60
const ALLOWED = /^(tokens|upstream)\/|^downstream\/malformed$/

/** How far off a host's clock may be set: not at all, unnoticeably, by minutes, by a day. */
const CLOCK_ERRORS = [0, 0, 7 * SECOND, -19 * SECOND, 40 * SECOND, -45 * SECOND]
const BIG_CLOCK_ERRORS = [12 * MINUTE, -50 * MINUTE, 5 * HOUR, 24 * HOUR, -24 * HOUR]

export async function simulate({ seed, steps }: SimulationOptions): Promise<Report> {
  const simulation = createSimulation(seed)
  let step = 0
  while (step < steps && simulation.sins.length === 0) {
    await simulation.step()
    step += 1
  }
  if (simulation.sins.length === 0) await simulation.finish()
  const { sins, counts } = simulation
  return { seed, steps: step, sins, counts, virtualDays: simulation.virtualDays() }
}

function createSimulation(seed: number) {
  const random = createRandom(seed)
  const gate = createGate()
  const schedule = createSchedule(START, () => gate.settle())
  const truth = createTruth(random)
  const counts = new Map<string, number>()
  const sins: string[] = []
  const live = new Set<Call>()
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1)
  const onSin = (sin: string) => void sins.push(sin)

  const exchange = (
    replica: Replica,
    upstream: Upstream,
    request: Parameters<typeof answerExchange>[0]['request'],
  ) =>
    new Promise<Awaited<ReturnType<typeof answerExchange>>>((resolve, reject) => {
      const settings = replica.settingsOf(upstream)
      const place = placeOf(truth, settings, upstream.provider)
      schedule.after(latency(random), () => {
        try {
          const known = knownElsewhere(replica, upstream, settings, truth, random)
          const asked = { settings, provider: upstream.provider, place, request, known }
          const answer = answerExchange(asked, { truth, random, now: () => schedule.now() })
          schedule.after(latency(random), () => resolve(answer))
        } catch (error) {
          schedule.after(latency(random), () => reject(error))
        }
      })
    })

  const newReplica = (isRoomy: boolean): Replica =>
    createReplica({
      schedule,
      gate,
      random,
      truth,
      capacity: isRoomy ? 200_000 : 40,
      isRoomy,
      forward,
      exchange,
      onSin,
      count,
    })

  const forward: Forward = (transfer) =>
    new Promise<Outcome>((resolve, reject) => {
      const call = transfer.recorder as Call
      call.sends += 1
      count('sends')
      if (call.sends > 2) onSin('a call was sent three times')
      if (call.sends === 2 && !call.isReplayable) onSin('a call was sent twice that may not be')
      const { settings, provider, route, customer } = call
      const headers = headersOf(transfer.headers)
      const account = new URL(transfer.target, 'https://x.example').searchParams.get('account')
      const place = placeOf(truth, settings, provider)
      const sentAt = schedule.now()
      const sending = { settings, provider, route, customer, place, headers, account, sentAt }
      const broken = () => reject(new Problem('upstream/unreachable', 'It broke.'))
      call.abort = () => reject(new Problem('downstream/malformed', 'The caller hung up.'))
      if (call.isAborted) return call.abort()

      schedule.after(latency(random), () => {
        if (place.isDown) return schedule.after(latency(random), broken)
        const { status, sins: seen } = judge(sending, truth, schedule.now())
        for (const sin of seen) onSin(`${sin} (${provider} ${route}, ${settings.storefront})`)
        const now = schedule.now()
        schedule.after(latency(random), () => answer(status, now))
      })

      const answer = (status: number, now: number) => {
        count(`answer ${status}`)
        const isAccountGone = status === 422 && transfer.namesAccount
        if (status === 401) refuse(call)
        if (isAccountGone) mayDoubt(call)
        const head = { status, headers: dateHeaders(now, random) }
        resolve(
          status === 401 ? { type: 'refused', head } : { type: 'answered', status, isAccountGone },
        )
      }
    })

  function refuse(call: Call): void {
    call.refusals += 1
    if (call.refusals === 2) mayDoubt(call)
  }

  function mayDoubt({ replica, settings, provider, customer }: Call): void {
    const upstream = replica.upstream(settings, provider)
    const { environment, namespace } = upstream
    replica.mayDoubt({
      provider,
      environment,
      storefront: settings.storefront,
      namespace,
      customer,
    })
  }

  const shops = firstSettings()
  for (const settings of shops) {
    for (const provider of providerIds) placeOf(truth, settings, provider)
  }
  let replicas = [newReplica(true), newReplica(true), newReplica(false)]

  async function serve(call: Call): Promise<void> {
    try {
      await deliver(call)
      count('served')
    } catch (error) {
      if (!(error instanceof Problem)) return onSin(`not a problem: ${String(error)}`)
      count(error.code)
      if (!ALLOWED.test(error.code)) onSin(`${error.code}: ${String(error.cause)}`)
    } finally {
      live.delete(call)
      if (schedule.now() - call.startedAt > TOO_LONG) onSin('a call hung')
    }
  }

  async function deliver(call: Call): Promise<void> {
    const { replica, settings, provider, route, customer, isReplayable } = call
    const upstream = replica.upstream(settings, provider)
    const facts = { route: { credential: credentialOf(provider, route) }, channel: 'app' as const }
    const headers = { 'x-source': 'web' }
    const credential = upstream.authorize({ ...facts, customer, headers })
    const demand = {
      storefront: settings.storefront,
      upstream,
      credential,
      customer,
      isReplayable,
    }
    const authorized = replica.tokens.authorize(demand)
    const authorization = authorized instanceof Promise ? await authorized : authorized
    await replica.deliver(deliveryOf(call, upstream), authorization)
  }

  function deliveryOf(call: Call, upstream: Upstream): Delivery {
    return {
      arrival: { id: '', method: 'GET', headers: {} },
      response: {},
      target: (account: string | null) => `/x?account=${account ?? ''}`.replace(/account=$/, ''),
      body: null,
      context: { upstream, requestId: '', cors: [], via: '', isPrivate: true },
      isReplayable: call.isReplayable,
      deadline: Infinity,
      recorder: call,
    } as unknown as Delivery
  }
  /** A call from somebody; most come from a few, so that calls meet each other. */
  function begin(): void {
    if (live.size >= MAX_LIVE) return
    const replica = random.pick(replicas)
    const settings = random.pick(shops)
    const shopper = random.chance(0.7) ? random.below(6) : random.below(SHOPPERS)
    const customer = String(1_000 + shopper)
    const [provider, route] = pickRoute(random)
    const isAnonymous = provider === 'neuroon' || (route === 'content' && random.chance(0.3))
    const call: Call = {
      replica,
      settings,
      provider,
      route,
      customer: isAnonymous ? null : customer,
      isReplayable: random.chance(0.85),
      startedAt: schedule.now(),
      sends: 0,
      refusals: 0,
      isAborted: false,
      abort: null,
      forwarded: () => undefined,
    }
    live.add(call)
    count('calls')
    void serve(call)
  }

  function hangUp(): void {
    const [call] = [...live].slice(random.below(live.size || 1))
    if (call === undefined) return
    call.isAborted = true
    call.abort?.()
    count('aborts')
  }

  function revoke(): void {
    const place = random.pick(truth.places)
    const isAll = random.chance(0.3)
    if (isAll) place.revokedUntil = Math.floor(schedule.now() / 1000)
    else for (const value of recent(random)) place.revoked.add(value)
    count(isAll ? 'everything revoked' : 'tokens revoked')
  }

  function recent(random: Random): string[] {
    const values = [...truth.minted.keys(), ...truth.issued.keys()]
    return values.slice(-40).filter(() => random.chance(0.2))
  }

  function recreateLead(): void {
    const { people } = random.pick(truth.places)
    // One of those who call all the time, so that it is noticed.
    const busy = [...people.values()].filter(({ name }) => /100[0-5]$/.test(name))
    if (busy.length === 0) return
    truth.recreate(random.pick(busy))
    count('leads recreated')
  }

  /** One step of a rotation, in the right order or a wrong one, with or without an overlap. */
  function rotate(): void {
    const index = random.below(shops.length)
    const old = shops[index]
    if (old === undefined) return
    const kind = random.pick(['nector', 'neuroon', 'witness'] as const)
    const place = placeOf(truth, old, kind === 'witness' ? random.pick(witnessIds) : kind)
    const rotation = random.pick([0, 0, 1, 1, 2])
    count(`rotation ${kind}`)
    if (rotation === 0) shops[index] = rotated(old, kind, `${random.below(1e6)}`)
    else if (rotation === 1) settleKeys(old, kind, place)
    else shops[index] = withoutPrevious(old)
  }

  /** The upstream takes the configured keys, and at random no others. */
  function settleKeys(of: Settings, vendor: Vendor, place: Place): void {
    if (random.chance(0.5)) place.live.clear()
    for (const key of configuredKeys(of, vendor)) place.live.add(key)
  }

  function moveShop(): void {
    const index = random.below(shops.length)
    const old = shops[index]
    if (old !== undefined) shops[index] = moved(old, random)
    count('settings changed')
  }

  function loseReplica(): void {
    const index = random.below(replicas.length)
    replicas = replicas.with(index, newReplica(random.chance(0.7)))
    count('replicas lost')
  }

  function setClock(): void {
    const errors = random.chance(0.5) ? CLOCK_ERRORS : BIG_CLOCK_ERRORS
    random.pick(replicas).setClock(random.pick(errors))
    count('clocks set')
  }

  function toggleOutage(): void {
    const place = random.pick(truth.places)
    place.isDown = !place.isDown
    count('outages')
  }

  /** Everything is up, and every configured key is good. */
  function heal(): void {
    for (const place of truth.places) place.isDown = false
    for (const settings of shops) {
      for (const provider of providerIds) {
        const vendor = provider === 'nector' || provider === 'neuroon' ? provider : 'witness'
        const { live } = placeOf(truth, settings, provider)
        for (const key of configuredKeys(settings, vendor).toReversed()) {
          live.delete(key)
          live.add(key)
        }
      }
    }
  }

  /** What was long ago is of no use to the oracle any more. */
  function forget(): void {
    const horizon = schedule.now() - 26 * HOUR
    for (const [value, { at }] of truth.minted) if (at < horizon) truth.minted.delete(value)
    for (const [value, { endsAt }] of truth.issued) {
      if (endsAt < schedule.now() - HOUR) truth.issued.delete(value)
    }
  }

  const happenings: readonly (readonly [weight: number, run: () => void | Promise<unknown>])[] = [
    [400, begin],
    [400, () => schedule.step()],
    [60, () => schedule.pass(random.below(3 * SECOND))],
    [14, () => schedule.pass(random.below(20 * MINUTE))],
    [2, () => schedule.pass(random.below(30 * HOUR))],
    [10, hangUp],
    [3, revoke],
    [4, recreateLead],
    [8, rotate],
    [1, moveShop],
    [1, loseReplica],
    [2, setClock],
    [1, toggleOutage],
    [8, heal],
  ]
  const total = happenings.reduce((sum, [weight]) => sum + weight, 0)
  let made = 0

  return {
    sins,
    counts,
    virtualDays: () => (schedule.now() - START) / (24 * HOUR),
    async step() {
      made += 1
      if (made % 20_000 === 0) forget()
      let left = random.below(total)
      const happening = happenings.find(([weight]) => (left -= weight) < 0)
      await happening?.[1]()
      await gate.settle()
    },
    /** Nothing is left hanging. */
    async finish() {
      while (await schedule.step());
      if (live.size > 0) sins.push(`${live.size} calls hang`)
    },
  }
}

function pickRoute(random: Random): readonly [provider: string, route: string] {
  const dice = random.below(100)
  if (dice < 45) return ['nector', 'customer']
  if (dice < 53) return ['nector', 'content']
  if (dice < 68) return ['neuroon', 'widget']
  if (dice < 72) return ['neuroon', 'plugin']
  return [random.pick(witnessIds), random.pick(witnessRoutes)]
}

function credentialOf(provider: string, route: string): string {
  if (provider !== 'neuroon') return route
  return route === 'plugin' ? 'shop-key' : 'widget-token'
}

function latency(random: Random): number {
  return random.chance(0.9) ? 1 + random.below(200) : 1 + random.below(4 * SECOND)
}

function dateHeaders(now: number, random: Random): Record<string, string> {
  if (random.chance(0.1)) return {}
  // Out of somebody's cache, with a date of its own.
  if (random.chance(0.05)) return { age: '7200', date: new Date(now - 2 * HOUR).toUTCString() }
  return { date: new Date(now).toUTCString() }
}

function headersOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (let index = 0; index + 1 < lines.length; index += 2) {
    headers.set(lines[index] ?? '', lines[index + 1] ?? '')
  }
  return headers
}

/** Somebody whose account this replica has learned for this upstream, now and surely. */
function knownElsewhere(
  replica: Replica,
  { provider, environment }: Upstream,
  { storefront }: Settings,
  truth: Truth,
  random: Random,
) {
  if (!replica.isRoomy) return null
  const learned = [...replica.learned.values()].filter(
    ({ owner }) =>
      owner.provider === provider &&
      owner.environment === environment &&
      owner.storefront === storefront,
  )
  return learned.length === 0 ? null : truth.byAccount(random.pick(learned).account)
}

function rotated(old: Settings, kind: Vendor, fresh: string): Settings {
  const { nector, neuroon, witness } = old
  if (kind === 'witness') return { ...old, witness: { ...witness, version: witness.version + 1 } }
  if (kind === 'neuroon') {
    const apiKey = `sk_${old.storefront}_${fresh}`
    return { ...old, neuroon: { ...neuroon, apiKey, previousApiKey: neuroon.apiKey } }
  }
  const secret = `${old.storefront}-signing-${fresh}`
  return { ...old, nector: { ...nector, secret, previousSecret: nector.secret } }
}

function withoutPrevious(old: Settings): Settings {
  const { nector, neuroon } = old
  return {
    ...old,
    nector: { ...nector, previousSecret: null },
    neuroon: { ...neuroon, previousApiKey: null },
  }
}

/** The same shop, looked up in another environment or by other customer ids. */
function moved(old: Settings, random: Random): Settings {
  const { nector, witness } = old
  const color = random.pick(['blue', 'green'])
  const namespace = random.pick(['shopify', 'woocommerce'] as const)
  return {
    ...old,
    nector: { ...nector, origin: `https://nector-${color}.example`, namespace },
    witness: { ...witness, environment: color, namespace },
  }
}
