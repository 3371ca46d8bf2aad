/**
 * The operator's side, on a listener of its own: metrics and status.
 *
 * Owns what is shown, not what is counted. Never reachable from the public listener; on a host
 * that is not loopback every call needs the configured token.
 */
import { timingSafeEqual } from 'node:crypto'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Secret } from '../secret.ts'
import type { Metrics } from './metrics.ts'

export interface AdminOptions {
  readonly metrics: Metrics
  readonly token: Secret | null
  readonly isReady: () => boolean
}

export function createAdminServer({ metrics, token, isReady }: AdminOptions): FastifyInstance {
  const server = Fastify({ logger: false, forceCloseConnections: true })
  if (token !== null) {
    server.addHook('onRequest', async (request, reply) => {
      if (!isBearer(request, token)) await reply.code(401).send({ error: 'token required' })
    })
  }
  server.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )
  server.get('/status', () => ({ ready: isReady(), uptime: Math.round(process.uptime()) }))
  return server
}

function isBearer(request: FastifyRequest, token: Secret): boolean {
  const sent = Buffer.from(request.headers.authorization ?? '')
  const expected = Buffer.from(`Bearer ${token.reveal()}`)
  return sent.length === expected.length && timingSafeEqual(sent, expected)
}
