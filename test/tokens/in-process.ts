/**
 * Tokens, delivery and the real Nector in one process without sockets, for crowds that no socket
 * carries. The upstream judges every token by code of its own.
 */
import { nector } from '../../providers/nector/index.ts'
import { fakeNectorConfig, SECRET } from './nector-config.ts'
import type { Upstream } from '../../src/provider.ts'
import { createTokens } from '../../src/tokens/authorize.ts'
import type { TokenEvent } from '../../src/tokens/event.ts'
import { createDeliver } from '../../src/upstream/deliver.ts'
import type { Delivery } from '../../src/upstream/deliver.ts'
import type { Forward } from '../../src/upstream/forward.ts'
import { readLeadToken, signLeadToken } from '../simulator/truth.ts'
import { createFakeClock } from '../support/fake-clock.ts'

export interface Crowd {
  readonly clock: ReturnType<typeof createFakeClock>
  readonly events: readonly TokenEvent[]
  readonly counts: { exchanges: number; sends: number; mostSends: number }
  /** A call of a shopper; comes back when it is answered, throws where it fails. */
  call(customer: string): Promise<void>
  /** Every token made up to now is refused. */
  revokeEverything(): void
  /** Calls that are sent from now on stay on their way until `release`. */
  hold(): void
  release(): void
}

export interface CrowdOptions {
  /** Events are forgotten: they would be all that grows. */
  readonly isSilent?: boolean
}

export function createCrowd({ isSilent = false }: CrowdOptions = {}): Crowd {
  const clock = createFakeClock()
  const events: TokenEvent[] = []
  const counts = { exchanges: 0, sends: 0, mostSends: 0 }
  const upstream: Upstream = nector.start(fakeNectorConfig(), { storefront: 'acme', origins: [] })
  let revokedUntil = Number.NEGATIVE_INFINITY
  let held: (() => void)[] | null = null

  const tokens = createTokens({
    clock,
    random: () => 0.5,
    capacity: 200_000,
    onEvent: (event) => {
      if (!isSilent) events.push(event)
    },
    exchange: () => async (request) => {
      counts.exchanges += 1
      await Promise.resolve()
      const { searchParams } = new URL(request.path, 'https://x.example')
      const iat = Math.floor(clock.now() / 1000)
      const claim = { account: leadOf(searchParams.get('customer_id') ?? ''), iat, exp: iat + 3600 }
      const body = JSON.stringify({ lead_token: signLeadToken(SECRET, claim) })
      return { status: 200, headers: {}, body }
    },
  })

  const forward: Forward = async (transfer) => {
    const call = transfer.recorder as unknown as { customer: string; sends: number }
    call.sends += 1
    counts.sends += 1
    counts.mostSends = Math.max(counts.mostSends, call.sends)
    // On its way while others are.
    if (held === null) await Promise.resolve()
    else await new Promise<void>((go) => held?.push(go))
    const value = transfer.headers[transfer.headers.indexOf('x-leadtoken') + 1] ?? ''
    const read = readLeadToken(value, [SECRET])
    if (read?.claim.account !== leadOf(`shopify-${call.customer}`))
      throw new Error('another’s token')
    const isGood = read.claim.iat > revokedUntil && read.claim.exp * 1000 > clock.now()
    const headers = { date: new Date(clock.now()).toUTCString() }
    if (!isGood) return { type: 'refused', head: { status: 401, headers } }
    return { type: 'answered', status: 200, isAccountGone: false }
  }

  const nobody = {} as never
  const dispatchers = { pool: () => nobody, fresh: () => nobody, close: () => Promise.resolve() }
  const deliver = createDeliver({ tokens, dispatchers, forward })
  const facts = { route: { credential: 'customer' }, channel: 'app' as const, headers: {} }

  return {
    clock,
    events,
    counts,
    async call(customer) {
      const credential = upstream.authorize({ ...facts, customer })
      const demand = { storefront: 'acme', upstream, credential, customer, isReplayable: true }
      const authorization = await tokens.authorize(demand)
      const delivery = {
        arrival: { id: '', method: 'GET', headers: {} },
        response: {},
        context: { upstream, requestId: '', cors: [], via: '', isPrivate: true },
        target: () => '/',
        body: null,
        isReplayable: true,
        recorder: { customer, sends: 0, forwarded: () => undefined },
      }
      await deliver(delivery as unknown as Delivery, authorization)
    },
    revokeEverything: () => void (revokedUntil = Math.floor(clock.now() / 1000)),
    hold: () => void (held = []),
    release() {
      const waiting = held ?? []
      held = null
      for (const go of waiting) go()
    },
  }
}

/** As long as a real one. */
function leadOf(customer: string): string {
  return `lead-${customer}`.padEnd(36, '-')
}
