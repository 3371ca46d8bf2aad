import { Pool, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import type { Egress, Upstream } from '../provider.ts'
import { watchReusedSockets } from './reused-sockets.ts'

/** Connections to upstreams, shared by all storefronts that call the same one the same way. */
export interface Dispatchers {
  /** Kept-alive connections, for calls. */
  pool(upstream: Upstream): Dispatcher
  /** A connection of its own, for one exchange; the caller destroys it. */
  fresh(upstream: Upstream): Dispatcher
  close(): Promise<void>
}

export const CONNECT_TIMEOUT = 1_000
export const HEADERS_TIMEOUT = 5_000
/** Between two pieces of a body; the limit of a whole call is the gateway's. */
export const IDLE_TIMEOUT = 30_000
/** Bounds what one upstream in trouble can hold open. */
const CONNECTIONS = 256

export function createDispatchers(): Dispatchers {
  const pools = new Map<string, Dispatcher>()
  const stopWatching = watchReusedSockets()
  return {
    pool(upstream) {
      const key = JSON.stringify([upstream.origin, upstream.egress])
      const known = pools.get(key)
      if (known !== undefined) return known
      const created = createDispatcher(upstream.origin, upstream.egress, CONNECTIONS)
      pools.set(key, created)
      return created
    },
    fresh: (upstream) => createDispatcher(upstream.origin, upstream.egress, 1),
    async close() {
      stopWatching()
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
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
