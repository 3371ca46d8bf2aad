import { Pool, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import type { Egress, Route, Upstream } from '../provider.ts'
import { watchReusedSockets } from './reused-sockets.ts'

/** Where calls leave from. */
export type Destination = Pick<Upstream, 'origin' | 'egress'>

/**
 * Connections to upstreams. Each family of routes of each storefront has its own, so that one whose
 * calls hang holds up no other.
 */
export interface Dispatchers {
  /** Kept-alive connections, for calls. */
  pool(upstream: Destination, route?: Pick<Route, 'family'>): Dispatcher
  /** A connection of its own, for one exchange; the caller destroys it. */
  fresh(upstream: Destination): Dispatcher
  close(): Promise<void>
}

export const CONNECT_TIMEOUT = 1_000
export const HEADERS_TIMEOUT = 5_000
/** Between two pieces of a body; the limit of a whole call is the gateway's. */
export const IDLE_TIMEOUT = 30_000
/** Bounds what one upstream in trouble can hold open. */
const CONNECTIONS = 256
const NO_FAMILY = { family: '' }

export function createDispatchers(): Dispatchers {
  const pools = new WeakMap<Destination, Map<string, Dispatcher>>()
  const all = new Set<Dispatcher>()
  const stopWatching = watchReusedSockets()

  const create = ({ origin, egress }: Destination): Dispatcher => {
    const created = createDispatcher(origin, egress, CONNECTIONS)
    all.add(created)
    return created
  }

  return {
    pool(upstream, { family } = NO_FAMILY) {
      let families = pools.get(upstream)
      if (families === undefined) pools.set(upstream, (families = new Map()))
      let pool = families.get(family)
      if (pool === undefined) families.set(family, (pool = create(upstream)))
      return pool
    },
    fresh: (upstream) => createDispatcher(upstream.origin, upstream.egress, 1),
    async close() {
      stopWatching()
      await Promise.all([...all].map((pool) => pool.destroy()))
    },
  }
}

/** Certificates are verified by Node's default; nothing here can turn that off. */
function createDispatcher(origin: string, egress: Egress, connections: number): Dispatcher {
  const options = {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: HEADERS_TIMEOUT,
    bodyTimeout: IDLE_TIMEOUT,
    maxHeaderSize: 16_384,
    connect: {
      timeout: CONNECT_TIMEOUT,
      ...(egress.localAddress === undefined ? {} : { localAddress: egress.localAddress }),
    },
  }
  if (egress.proxy !== undefined) return new ProxyAgent({ ...options, uri: egress.proxy })
  return new Pool(origin, options)
}
