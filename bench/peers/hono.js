import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { proxy } from 'hono/proxy'
import { announce, upstreamUrl } from './listen.ts'

const upstream = upstreamUrl()
const app = new Hono()
app.all('*', (context) => {
  const { pathname, search } = new URL(context.req.url)
  return proxy(upstream + pathname + search, context.req)
})
announce(createAdaptorServer({ fetch: app.fetch }))
