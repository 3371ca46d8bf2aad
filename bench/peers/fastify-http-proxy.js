import httpProxy from '@fastify/http-proxy'
import Fastify from 'fastify'
import { announce, upstreamUrl } from './listen.ts'

const server = Fastify({ logger: false })
await server.register(httpProxy, { upstream: upstreamUrl() })
await server.ready()
announce(server.server)
