import { Agent, createServer } from 'node:http'
import express from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { announce, upstreamUrl } from './listen.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const app = express()
app.use(createProxyMiddleware({ target: upstreamUrl(), agent }))
announce(createServer(app))
