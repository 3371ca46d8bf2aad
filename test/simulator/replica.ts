/** One gateway process of the simulation: the real token code and the real delivery. */
import type { Clock } from '../../src/clock.ts'
import type { ExchangeAnswer, ExchangeRequest, Upstream } from '../../src/provider.ts'
import { createTokens } from '../../src/tokens/authorize.ts'
import type { Authorization, Tokens } from '../../src/tokens/authorize.ts'
import type { TokenEvent } from '../../src/tokens/event.ts'
import type { TokenTuple } from '../../src/tokens/key.ts'
import { createDeliver } from '../../src/upstream/deliver.ts'
import type { Deliver } from '../../src/upstream/deliver.ts'
import type { Forward } from '../../src/upstream/forward.ts'
import type { Random } from './random.ts'
import type { Gate, Schedule } from './schedule.ts'
import { providerIds, startUpstream } from './storefronts.ts'
import type { WatchMint } from './storefronts.ts'
import type { Settings, Truth } from './truth.ts'

export interface Replica {
  readonly tokens: Tokens
  readonly deliver: Deliver
  /** Nothing is ever pushed out of its memory. */
  readonly isRoomy: boolean
  upstream(settings: Settings, provider: string): Upstream
  settingsOf(upstream: Upstream): Settings
  /** Its clock shows so much more than the true time. */
  setClock(offset: number): void
  /** A call of this owner was refused in a way that may put the account in doubt. */
  mayDoubt(owner: Owner): void
  /** The account that this replica has learned for each owner. */
  readonly learned: ReadonlyMap<string, Learned>
}

export interface Learned {
  readonly owner: Owner
  readonly account: string
}

export type Owner = Pick<
  TokenTuple,
  'provider' | 'environment' | 'storefront' | 'namespace' | 'customer'
>

export interface ReplicaParts {
  readonly schedule: Schedule
  readonly gate: Gate
  readonly random: Random
  readonly truth: Truth
  readonly capacity: number
  readonly isRoomy: boolean
  readonly forward: Forward
  /** One exchange; settles by the schedule. */
  readonly exchange: (
    replica: Replica,
    upstream: Upstream,
    request: ExchangeRequest,
  ) => Promise<ExchangeAnswer>
  readonly onSin: (sin: string) => void
  readonly count: (what: string) => void
}

const DAY = 86_400_000
/** A cool-down is a second at the least. */
const SHORTEST_COOL_DOWN = 1_000

export function createReplica(parts: ReplicaParts): Replica {
  const { schedule, truth, random, onSin, count } = parts
  let clockOffset = 0
  const clock: Clock = {
    now: () => schedule.now() + clockOffset,
    monotonic: () => schedule.now() - 1_700_000_000_000,
  }
  const upstreams = new Map<Settings, Map<string, Upstream>>()
  const settings = new Map<Upstream, Settings>()
  const learned = new Map<string, Learned>()
  const changedAt = new Map<string, number>()
  const doubtful = new Set<string>()
  const running = new Set<string>()
  const failedAt = new Map<string, number>()
  const answered = new Map<string, string>()

  function onEvent(event: TokenEvent): void {
    count(event.type)
    if (event.type === 'clock-corrected') return failedAt.clear()
    if (event.type === 'mint-failed') return count(`mint-failed ${event.code}`)
    if (event.type !== 'account-learned' && event.type !== 'account-changed') return
    const key = ownerKey(event.tuple)
    const account = answered.get(key)
    if (account === undefined) return onSin('an account was learned without an exchange')
    const name = wireName(event.tuple)
    if (truth.byAccount(account)?.name !== name) onSin('another customer’s account was learned')
    if (event.type === 'account-changed') checkChange(key)
    doubtful.delete(key)
    learned.set(key, { owner: event.tuple, account })
  }

  function checkChange(key: string): void {
    const last = changedAt.get(key)
    if (last !== undefined && schedule.now() - last < DAY) onSin('an account changed twice a day')
    changedAt.set(key, schedule.now())
    if (parts.isRoomy && !doubtful.has(key)) onSin('an account changed that nobody doubted')
  }

  const watchFor =
    ({ storefront }: Settings): WatchMint =>
    (kind, credential, { provider, environment, namespace }) =>
    async (request) => {
      const { customer } = request
      const owner = { provider, environment, storefront, namespace, customer }
      const { id, fingerprint } = credential.key
      const key = `${ownerKey(owner)} ${id} ${fingerprint} ${kind.kind}`
      checkMint(key)
      running.add(key)
      const passage = parts.gate.begin()
      const startedAt = schedule.now()
      const error = request.now - startedAt
      try {
        const token = await kind.mint({
          ...request,
          async send(sent) {
            count('exchanges')
            if (parts.isRoomy && learned.has(ownerKey(owner)) && !doubtful.has(ownerKey(owner))) {
              onSin('an exchange for an account that is known')
            }
            passage.pause()
            try {
              return await request.send(sent)
            } finally {
              passage.resume()
            }
          },
        })
        if (token.source === 'exchanged' && token.account !== null) {
          answered.set(ownerKey(owner), token.account)
          const isConfirmed = learned.get(ownerKey(owner))?.account === token.account
          if (isConfirmed) doubtful.delete(ownerKey(owner))
        }
        // A clock that is wrong can make today’s token a day early, so the last making counts.
        if (!truth.issued.has(token.value)) {
          truth.minted.set(token.value, { at: schedule.now(), error })
        }
        // Made in the same second it is the same again.
        refused.delete(refusal(storefront, token.value))
        await passage.leave()
        return token
      } catch (failure) {
        failedAt.set(key, schedule.now())
        await passage.leave()
        throw failure
      } finally {
        running.delete(key)
      }
    }

  function checkMint(key: string): void {
    if (running.has(key)) onSin('two mints at once for one token')
    const last = failedAt.get(key)
    if (last !== undefined && schedule.now() - last < SHORTEST_COOL_DOWN) {
      onSin('a mint in the cool-down of the last one')
    }
  }

  function start(of: Settings, provider: string): Upstream {
    const upstream = startUpstream(of, provider, watchFor(of))
    settings.set(upstream, of)
    return upstream
  }

  const refused = new Set<string>()
  const refusal = (storefront: string, value: string) => `${storefront} ${value}`
  const checkFresh = ({ tuple, token }: Authorization) => {
    // An issued token is kept for a moment: one odd refusal must not cost an exchange each time.
    if (token === null || token.source === 'issued') return
    if (refused.has(refusal(tuple.storefront, token.value))) onSin('a refused token was used again')
  }

  const real = createTokens({
    clock,
    random: () => random.next(),
    capacity: parts.capacity,
    onEvent,
    exchange: (upstream) => (request) => parts.exchange(replica, upstream, request),
  })

  const tokens: Tokens = {
    ...real,
    authorize(demand) {
      const authorized = real.authorize(demand)
      if (!(authorized instanceof Promise)) checkFresh(authorized)
      return authorized
    },
    async recover(rejected, answer) {
      if (refused.size > 5_000) refused.clear()
      const { tuple, token } = rejected
      if (token !== null) refused.add(refusal(tuple.storefront, token.value))
      const again = await real.recover(rejected, answer)
      if (again !== null) checkFresh(again)
      return again
    },
  }

  const replica: Replica = {
    tokens,
    deliver: createDeliver({
      tokens,
      forward: parts.forward,
      dispatchers: {
        pool: () => nobody,
        fresh: () => nobody,
        close: () => Promise.resolve(),
      },
    }),
    isRoomy: parts.isRoomy,
    learned,
    upstream(of, provider) {
      const known = upstreams.get(of)
      if (known !== undefined) return known.get(provider) ?? missing(provider)
      const started = new Map(providerIds.map((id) => [id as string, start(of, id)]))
      upstreams.set(of, started)
      return started.get(provider) ?? missing(provider)
    },
    settingsOf: (upstream) => settings.get(upstream) ?? missing(upstream.provider),
    setClock: (offset) => void (clockOffset = offset),
    mayDoubt: (owner) => void doubtful.add(ownerKey(owner)),
  }
  return replica
}

const nobody = {} as ReturnType<Parameters<typeof createDeliver>[0]['dispatchers']['pool']>

function missing(what: string): never {
  throw new Error(`there is no ${what}`)
}

export function ownerKey({ provider, environment, storefront, namespace, customer }: Owner) {
  return [provider, environment, storefront, namespace, customer].join('\n')
}

function wireName({ provider, namespace, customer }: TokenTuple): string {
  return provider === 'nector' ? `${namespace}-${customer}` : String(customer)
}
