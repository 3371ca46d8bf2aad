import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { ListenLimits } from '../config/config.ts'
import { Problem } from '../problem.ts'
import { checkMessage } from './accept.ts'
import { answerProblem, problemDocument, problemHeaders } from './answer.ts'
import { createConnections } from './connections.ts'
import type { Connections } from './connections.ts'

// An `import` reads every export, and so loads all of Node's own fetch and WebSocket.
const { createServer } = process.getBuiltinModule('node:http')

export interface ServerOptions {
  /** Serves every request but the health checks. Never rejects. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  readonly isReady: () => boolean
  /** A request was refused before it could be served. @returns the id to answer with */
  readonly onRefused: (problem: Problem) => string
  readonly limits: ListenLimits
}

/** How often slow callers are looked for. */
const SWEEP = 1_000
/** A refused caller may still be sending; closing at once would take the answer away from it. */
const LINGER = 250

/**
 * The public listener. Fastify is its shell: it listens, answers the health checks and closes;
 * everything else goes to the gateway before any router has read the path.
 */
export function createPublicServer(options: ServerOptions): FastifyInstance {
  const server = Fastify({
    serverFactory: (shell) => createHttpServer(options, shell),
    forceCloseConnections: 'idle',
    // Ours has answered by then, or knows why it did not.
    clientErrorHandler: () => undefined,
    logger: false,
  })
  server.get('/livez', () => ({ status: 'alive' }))
  server.get('/readyz', (_request, reply) => {
    const isReady = options.isReady()
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready' })
  })
  return server
}

function createHttpServer(
  { serve, limits, onRefused }: ServerOptions,
  shell: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const connections = createConnections(
    (request, response) => {
      if (isHealthCheck(request)) answerHealth(request, response, { limits, onRefused, shell })
      else void serve(request, response)
    },
    { stalled: limits.stalled, now: () => performance.now() },
  )
  const server = createServer(
    {
      headersTimeout: limits.headers,
      requestTimeout: limits.request,
      keepAliveTimeout: limits.idle,
      connectionsCheckingInterval: SWEEP,
      // The target is counted apart, so that a long one is told from long headers.
      maxHeaderSize: limits.headerBytes + limits.targetBytes,
      insecureHTTPParser: false,
      requireHostHeader: false,
      joinDuplicateHeaders: false,
    },
    connections.take,
  )
  // Node's own limit cuts lines off in silence; ours counts them all and refuses.
  server.maxHeadersCount = 0
  server.maxConnections = limits.connections
  server.on('checkExpectation', connections.take)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    onUnreadable(error, socket, { connections, limits, onRefused })
  })
  // Nothing is upgraded and no tunnel is opened.
  server.on('connect', (_request, socket: Socket) => refuse(malformed(), socket, onRefused))
  const sweeping = setInterval(connections.sweep, SWEEP).unref()
  server.on('close', () => clearInterval(sweeping))
  return server
}

/** On any Host, so that a probe needs no configuration. */
function isHealthCheck({ method, url }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && (url === '/livez' || url === '/readyz')
}

interface HealthParts extends Pick<ServerOptions, 'limits' | 'onRefused'> {
  readonly shell: (request: IncomingMessage, response: ServerResponse) => void
}

/** Any host, but no ambiguity: what follows on the connection must begin where everybody thinks. */
function answerHealth(
  request: IncomingMessage,
  response: ServerResponse,
  { limits, onRefused, shell }: HealthParts,
): void {
  try {
    checkMessage(request, limits)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return answerProblem(response, error, onRefused(error))
  }
  shell(request, response)
}

interface RefusalParts extends Pick<ServerOptions, 'limits' | 'onRefused'> {
  readonly connections: Connections
}

const refused = new WeakSet<Socket>()

function onUnreadable(
  error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer },
  socket: Socket,
  { connections, limits, onRefused }: RefusalParts,
): void {
  // What is still arriving after a refusal is not looked at.
  if (refused.has(socket)) return
  const what = connections.broken(socket)
  if (what === 'closes-itself') return
  if (what === 'destroy' || error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  refuse(problemOf(error, socket, limits), socket, onRefused)
}

function problemOf(
  { code, rawPacket }: NodeJS.ErrnoException & { readonly rawPacket?: Buffer },
  socket: Socket,
  { targetBytes }: ListenLimits,
): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return tooSlow()
  if (code !== 'HPE_HEADER_OVERFLOW') return malformed()
  // The parser does not say what was too long; where it was reading the first bytes of the
  // connection, the length of the first line tells.
  if (rawPacket === undefined || rawPacket.length !== socket.bytesRead) return headersTooLarge()
  const lineEnd = rawPacket.indexOf('\n')
  const isLongLine = (lineEnd === -1 ? rawPacket.length : lineEnd) > targetBytes
  return isLongLine ? targetTooLong() : headersTooLarge()
}

function headersTooLarge(): Problem {
  return new Problem('downstream/headers-too-large', 'The headers are too large.')
}

function targetTooLong(): Problem {
  return new Problem('downstream/uri-too-long', 'The request target is too long.')
}

function malformed(): Problem {
  return new Problem('downstream/malformed', 'The request is not valid HTTP/1.1.')
}

function tooSlow(): Problem {
  return new Problem('downstream/malformed', 'The request did not arrive in time.')
}

/** Answers on the bare socket, where the parser has given up, and closes it. */
function refuse(problem: Problem, socket: Socket, onRefused: ServerOptions['onRefused']): void {
  refused.add(socket)
  const id = onRefused(problem)
  const body = JSON.stringify(problemDocument(problem, id))
  const headers = problemHeaders(problem, id)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\n${headers}` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
  setTimeout(() => socket.destroy(), LINGER).unref()
}
