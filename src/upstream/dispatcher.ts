import { isIP } from 'node:net'
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
  const { localAddress, proxy } = egress
  const limits = {
    connections,
    pipelining: 1,
    allowH2: false,
    connectTimeout: CONNECT_TIMEOUT,
    // Calls are given up sooner (`forward.ts`); with one length undici keeps to one timer.
    headersTimeout: IDLE_TIMEOUT,
    bodyTimeout: IDLE_TIMEOUT,
    maxHeaderSize: 16_384,
  }
  if (proxy !== undefined) return createTunnels(proxy, limits)
  if (localAddress === undefined) return new Pool(origin, limits)
  // Within `connect` undici ignores the address. A name is resolved to addresses of its family: to
  // none of the other kind can be connected from it.
  return new Pool(origin, { ...limits, localAddress, connect: { family: isIP(localAddress) } })
}

/** Through a forward proxy, which gets to know an upstream's name and nothing that is sent to it. */
function createTunnels(proxy: string, limits: Pool.Options): Dispatcher {
  return new ProxyAgent({
    ...limits,
    uri: proxy,
    // Without it, calls over http are handed to the proxy itself, credentials included, and its
    // own refusals would pass for the upstream's.
    proxyTunnel: true,
    // undici gives the proxy no limits by itself. A tunnel is part of connecting, so that is how
    // long it may take.
    clientFactory: (address, given) =>
      new Pool(address, { ...limits, ...given, headersTimeout: CONNECT_TIMEOUT }),
    proxyTls: { allowH2: false },
  })
}
