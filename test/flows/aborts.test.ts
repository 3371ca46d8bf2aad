/** F15: a caller hangs up, and the call that was made for it alone ends with it. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { request } from '../hostile/raw-client.ts'
import { startStand } from '../hostile/stand.ts'
import type { Stand } from '../hostile/stand.ts'

/** The first piece of an answer of which the rest never comes. */
const BEGUN =
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{"\r\n'

/** Less than the five seconds after which the gateway gives a silent upstream up anyway. */
const SOON = 4_000

/** The upstream's side of the connection on which the next call arrives. */
let arrived = Promise.withResolvers<Socket>()
let stand: Stand
beforeAll(async () => {
  stand = await startStand({
    answer({ target }, socket) {
      arrived.resolve(socket)
      return target.includes('begun') ? BEGUN : null
    },
  })
})
afterAll(() => stand.close())

const get = (query: string) => request(`GET /api/widget/search?q=${query}`)
const post = (query: string) =>
  request(
    `POST /api/widget/search?q=${query}`,
    ['Content-Type: application/json', 'Content-Length: 16'],
    '{"query":"tent"}',
  )

test.each([
  ['a read, before the upstream answers', get('silent')],
  ['a read, in the middle of the answer', get('begun')],
  ['a search with a body, before the upstream answers', post('silent')],
  ['a search with a body, in the middle of the answer', post('begun')],
])('the upstream connection is closed at once: %s', async (_what, bytes) => {
  arrived = Promise.withResolvers()
  const caller = connect(Number(new URL(stand.url).port), '127.0.0.1')
  caller.write(bytes)
  const upstream = await arrived.promise
  const closed = once(upstream, 'close')
  if (bytes.includes('begun')) await once(caller, 'data')
  const hungUpAt = performance.now()
  caller.destroy()
  await closed
  expect(performance.now() - hungUpAt).toBeLessThan(SOON)
})
