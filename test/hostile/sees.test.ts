/**
 * Proof that the harness can see: the same recorder, reader and route list, pointed at a bare
 * `@fastify/reply-from` proxy with the usual settings, name the faults that it is known for. A
 * harness that finds nothing there would prove nothing anywhere.
 */
import replyFrom from '@fastify/reply-from'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeCorpus, lines } from '../support/corpora.ts'
import { ask, request } from './raw-client.ts'
import { startRecorder } from './recorder.ts'
import type { Recorder } from './recorder.ts'
import { startStand, wrongs } from './stand.ts'
import { headerOf } from './strict-reader.ts'

let recorder: Recorder
let proxy: FastifyInstance
let url: string

beforeAll(async () => {
  recorder = await startRecorder()
  proxy = Fastify()
  proxy.removeAllContentTypeParsers()
  proxy.addContentTypeParser('*', (_request, body, done) => done(null, body))
  await proxy.register(replyFrom, { base: recorder.url })
  proxy.all('/api/widget/*', (incoming, reply) => reply.from(incoming.url))
  url = await proxy.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await proxy.close()
  await recorder.close()
})

const GET = 'GET /api/widget/search?q=a'

/** What the harness says against the proxy. */
async function seen(bytes: Parameters<typeof ask>[1]): Promise<readonly string[]> {
  recorder.forget()
  await ask(url, bytes)
  return wrongs(recorder)
}

describe('a bare @fastify/reply-from proxy', () => {
  test('passes an ordinary call, against which nothing is said', async () => {
    expect(await seen(request(GET))).toEqual([])
    expect(recorder.requests.length).toBe(1)
  })

  test('is seen to forward underscore names', async () => {
    expect(await seen(request(GET, ['x_leadtoken: forged']))).toEqual([
      'underscore: x_leadtoken',
      'not a header of ours: x_leadtoken',
    ])
  })

  test.each(['cookie', 'x-forwarded-for', 'x-original-url', 'x-http-method-override'])(
    'is seen to forward %s',
    async (name) => {
      expect(await seen(request(GET, [`${name}: forged`]))).toEqual([
        `not a header of ours: ${name}`,
      ])
    },
  )

  test.each(['x-leadtoken', 'x-apikey', 'x-widget-token'])(
    'is seen to forward the caller’s %s',
    async (name) => {
      await seen(request(GET, [`${name}: forged`]))
      expect(recorder.requests.map((sent) => headerOf(sent, name))).toEqual(['forged'])
    },
  )

  test.each([String.raw`/api/widget/x\..\..\plugin\shops\42`, '/api/widget/anything-at-all'])(
    'is seen to leave the listed routes by %s',
    async (target) => {
      expect(await seen(request(`GET ${target}`))).not.toEqual([])
    },
  )

  test('is seen to pass bytes that are not ASCII', async () => {
    const found = await seen(request(GET, ['accept-language: \xe9']))
    expect(found).toEqual(['ambiguous: a control or non-ASCII byte'])
  })

  test('is seen to call the upstream before it refuses', async () => {
    recorder.forget()
    const { answers } = await ask(url, request(GET) + request(GET) + 'nonsense\r\n\r\n')
    expect(answers.map(({ status }) => status)).toContain(400)
    expect(recorder.requests.length).toBeGreaterThan(0)
  })
})

describeCorpus(
  'patt-header-names.txt',
  'over the corpora, a bare @fastify/reply-from proxy',
  (text) => {
    test('is seen to forward underscore aliases by the dozen', async () => {
      const names = lines(text)
        .filter((name) => name.includes('-'))
        .slice(0, 60)
      let found = 0
      for (const name of names) {
        found += (await seen(request(GET, [`${name.replaceAll('-', '_')}: canary`]))).length
      }
      expect(found).toBeGreaterThan(30)
    })
  },
)

describeCorpus(
  'patt-traversal.txt',
  'over the traversals, a bare @fastify/reply-from proxy',
  (text) => {
    test('is seen to reach what is not listed', async () => {
      const tails = lines(text).filter((_line, index) => index % 200 === 0)
      let found = 0
      for (const tail of tails) found += (await seen(request(`GET /api/widget/${tail}`))).length
      expect(found).toBeGreaterThan(0)
    })
  },
)

test('a stand does not close whose gateway has given a proof of its own away', async () => {
  const stand = await startStand({
    answer({ headers }) {
      const [, proof = ''] = headers.find(([name]) => name === 'x-widget-token') ?? []
      return `HTTP/1.1 200 OK\r\ncontent-length: ${proof.length}\r\n\r\n${proof}`
    },
  })
  await ask(stand.url, request(GET))
  stand.recorder.forget()
  await expect(stand.close()).rejects.toThrow(
    'x-widget-token in the answer to GET /api/widget/search',
  )
})
