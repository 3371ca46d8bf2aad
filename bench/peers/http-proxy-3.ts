import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'http-proxy-3'
import { announce, upstreamUrl } from './listen.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const proxy = createProxyServer({ target: upstreamUrl(), agent })
proxy.on('error', (_error, _request, response) => void response.destroy())
announce(createServer((request, response) => proxy.web(request, response)))
