import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** How often connections that have become idle are closed. */
const SWEEP = 20

/**
 * Stops listening and lets the calls in flight finish; a connection is closed as soon as its
 * answer is out. What is left after `milliseconds` is cut off.
 */
export async function drain(server: FastifyInstance, milliseconds: number): Promise<void> {
  const closed = server.close()
  // Node closes the connections that are idle now and would keep the others until they time out.
  const sweep = setInterval(() => server.server.closeIdleConnections(), SWEEP)
  await Promise.race([closed, delay(milliseconds, undefined, { ref: false })])
  clearInterval(sweep)
  server.server.closeAllConnections()
  await closed
}
