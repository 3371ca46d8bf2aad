import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { Problem } from '../problem.ts'
import { problemDocument, problemHeaders } from './answer.ts'

export interface ServerOptions {
  /** Serves every request but the health checks. Never rejects. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  readonly isReady: () => boolean
}

/** Slow callers are let go (threats T32): headers, a whole request, a connection without any. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 15_000
const KEEP_ALIVE_TIMEOUT = 10_000
const MAX_HEADER_BYTES = 16 * 1024

/**
 * The public listener. Fastify is its shell: it listens, answers the health checks and closes;
 * everything else goes to the gateway before any router has read the path.
 */
export function createPublicServer(options: ServerOptions): FastifyInstance {
  const server = Fastify({
    serverFactory: (shell) => createHttpServer(options, shell),
    forceCloseConnections: 'idle',
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
  options: ServerOptions,
  shell: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
      requireHostHeader: false,
      // Its 2 000 lines are cut off in silence; ours are counted and refused.
      joinDuplicateHeaders: false,
    },
    (request, response) => {
      if (isHealthCheck(request)) shell(request, response)
      else void options.serve(request, response)
    },
  )
  server.maxHeadersCount = 0
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    refuseExpectation(response)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    refuseUnreadable(error, socket)
  })
  // Nothing is upgraded and no tunnel is opened.
  server.on('connect', (_request, socket: Socket) => refuse(malformed(), socket))
  return server
}

/** On any Host, so that a probe needs no configuration. */
function isHealthCheck({ method, url }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && (url === '/livez' || url === '/readyz')
}

function refuseExpectation(response: ServerResponse): void {
  const problem = new Problem('downstream/expectation-failed', 'Only 100-continue is understood.')
  const body = JSON.stringify(problemDocument(problem, ''))
  response.writeHead(417, [...problemHeaders(problem, '').flat(), 'connection', 'close'])
  response.end(body)
}

function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  refuse(error.code === 'HPE_HEADER_OVERFLOW' ? headersTooLarge() : malformed(), socket)
}

function headersTooLarge(): Problem {
  return new Problem('downstream/headers-too-large', 'The headers are larger than 16 KiB.')
}

function malformed(): Problem {
  return new Problem('downstream/malformed', 'The request is not valid HTTP/1.1.')
}

/** Answers on the bare socket, where the parser has given up, and closes it. */
function refuse(problem: Problem, socket: Socket): void {
  const body = JSON.stringify(problemDocument(problem, ''))
  const headers = problemHeaders(problem, '')
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\n${headers}` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
