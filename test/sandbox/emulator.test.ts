import { readFileSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createNeuroonEmulator } from '../../sandbox/emulators/neuroon.ts'
import type { NeuroonEmulator } from '../../sandbox/emulators/neuroon.ts'
import { ask } from './ask.ts'

const apiKey = 'sk_0123456789abcdef0123456789abcdef'
const token =
  'c2hvcF9hYmM6MTcxNTAwMDAwMDo4NTViMzYzZTFiNGQyNzdkNjE0Yjk3YWI3OTRmMGNiYTY0MDc4YTJkYjE0ZDg5ZTgwNzc2NmNlZDM3Nzg2MDg2'
const widget = { 'x-widget-token': token }
const trending = '/api/widget/trending'

let emulator: NeuroonEmulator

beforeEach(async () => {
  emulator = createNeuroonEmulator({
    shops: [{ shopId: 'shop_abc', apiKey, url: 'https://shop.example' }],
    now: () => 1_715_000_000_000,
  })
  await emulator.listen()
})

afterEach(() => emulator.close())

test('the emulators import nothing but node and their own folder', () => {
  const folder = new URL('../../sandbox/emulators/', import.meta.url)
  const names = readdirSync(folder, { recursive: true }).map(String)
  const files = names.filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(20)
  for (const file of files) {
    const text = readFileSync(new URL(file, folder), 'utf8')
    const isNested = file.includes('/')
    for (const [, from = ''] of text.matchAll(/from '([^']+)'/g)) {
      const isOwn = from.startsWith('./') || (isNested && /^\.\.\/[a-z]/.test(from))
      expect([file, from, isOwn || from.startsWith('node:')]).toEqual([file, from, true])
    }
  }
})

describe('the shell', () => {
  test('has no address before it listens, and the same routes after it listens again', async () => {
    expect(() => createNeuroonEmulator({ shops: [] }).url).toThrow('not listening')

    const port = Number(new URL(emulator.url).port)
    await emulator.close()
    await expect(ask(emulator, trending)).rejects.toThrow('fetch failed')
    expect(await emulator.listen(port)).toBe(`http://127.0.0.1:${port}`)
    expect((await ask(emulator, trending, { headers: widget })).status).toBe(200)
  })

  test('dates its answers with its own clock and numbers them', async () => {
    const one = await ask(emulator, trending, { headers: widget })
    const other = await ask(emulator, trending, { headers: widget })
    expect(one.headers.get('date')).toBe('Mon, 06 May 2024 12:53:20 GMT')
    expect(one.headers.get('content-type')).toContain('application/json')
    expect(one.headers.get('x-request-id')).not.toBe(other.headers.get('x-request-id'))
  })

  test('records what arrived, with the spelling, order and repetition of the headers', async () => {
    const bytes = [
      `POST ${trending}?limit=1 HTTP/1.1`,
      'Host: emulator',
      'X-Twice: a',
      'x-twice: b',
      'Content-Length: 3',
      'Connection: close',
      '',
      'abc',
    ]
    await speak(emulator, bytes.join('\r\n'))
    expect(emulator.received).toHaveLength(1)
    const [request] = emulator.received
    expect(request).toMatchObject({
      method: 'POST',
      path: `${trending}?limit=1`,
      body: 'abc',
      at: 1_715_000_000_000,
      status: 401,
      connection: 1,
    })
    expect(request?.rawHeaders.slice(2, 6)).toEqual(['X-Twice', 'a', 'x-twice', 'b'])
    expect(request?.headers['x-twice']).toBe('a, b')
  })

  test('tells connections apart', async () => {
    const request = `GET ${trending} HTTP/1.1\r\nHost: emulator\r\nConnection: close\r\n\r\n`
    await speak(emulator, request)
    await speak(emulator, request)
    expect(emulator.received.map(({ connection }) => connection)).toEqual([1, 2])
  })

  test('resolves a traversal as a lenient upstream would, so that it is not a harmless 404', async () => {
    const target = '/api/widget/x\\..\\..\\plugin/shops/%2e/me'
    const answer = await speak(
      emulator,
      `GET ${target} HTTP/1.1\r\nHost: emulator\r\nX-Shop-API-Key: ${apiKey}\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toContain('"shopId":"shop_abc"')
  })
})

describe('faults', () => {
  test('respond answers before any check, for as many times as asked', async () => {
    emulator.faults.respond(
      { path: trending },
      { status: 503, headers: { 'Retry-After': '7' }, body: { message: 'down' }, times: 2 },
    )
    for (const _ of [1, 2]) {
      const answer = await ask(emulator, trending)
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('7')
      expect(answer.text).toBe('{"message":"down"}')
    }
    expect((await ask(emulator, trending, { headers: widget })).status).toBe(200)
  })

  test('rules of one kind are used up one after the other', async () => {
    emulator.faults.respond({}, { status: 500, times: 1 })
    emulator.faults.respond({}, { status: 502 })
    const statuses = []
    for (const _ of [1, 2, 3]) statuses.push((await ask(emulator, trending)).status)
    expect(statuses).toEqual([500, 502, 502])
  })

  test('a match looks at the method, the path without its query, or an expression on both', async () => {
    emulator.faults.respond({ method: 'post', path: trending }, { status: 500 })
    emulator.faults.respond({ path: /limit=3$/g }, { status: 502 })
    const status = async (path: string, method = 'GET'): Promise<number> =>
      (await ask(emulator, path, { method, headers: widget })).status

    expect(await status(`${trending}?limit=2`)).toBe(200)
    expect(await status(`${trending}?limit=2`, 'POST')).toBe(500)
    expect(await status(`${trending}?limit=3`)).toBe(502)
    expect(await status(`${trending}?limit=3`)).toBe(502)
  })

  test('a body is sent as given: text, bytes, or piece by piece', async () => {
    const big = 'x'.repeat(300_000)
    emulator.faults.respond({ path: '/text' }, { status: 200, body: '<html>' })
    emulator.faults.respond({ path: '/bytes' }, { status: 200, body: Buffer.from(big) })
    emulator.faults.respond({ path: '/empty' }, { status: 204 })
    emulator.faults.respond(
      { path: '/pieces' },
      {
        status: 200,
        headers: { 'Content-Type': 'text/event-stream' },
        body: async function* () {
          yield 'data: 1\n\n'
          yield 'data: 2\n\n'
        },
      },
    )
    expect((await ask(emulator, '/text')).text).toBe('<html>')
    expect((await ask(emulator, '/bytes')).text).toHaveLength(300_000)
    expect((await ask(emulator, '/empty')).status).toBe(204)
    const pieces = await ask(emulator, '/pieces')
    expect(pieces.text).toBe('data: 1\n\ndata: 2\n\n')
    expect(pieces.headers.get('content-type')).toBe('text/event-stream')
  })

  test('delay holds the real answer back', async () => {
    emulator.faults.delay({ path: trending }, 80, { times: 1 })
    const started = performance.now()
    expect((await ask(emulator, trending, { headers: widget })).status).toBe(200)
    expect(performance.now() - started).toBeGreaterThan(70)
  })

  test('a delayed answer does not keep the emulator from closing', async () => {
    emulator.faults.delay({}, 60_000)
    const asked = ask(emulator, trending).catch(() => 'cut')
    while (emulator.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await emulator.close()
    expect(await asked).toBe('cut')
  })

  test('cut before-headers answers not a byte', async () => {
    emulator.faults.cut({ path: trending }, 'before-headers', { times: 1 })
    await expect(ask(emulator, trending)).rejects.toThrow('fetch failed')
    expect(emulator.received[0]?.status).toBe(0)
    expect((await ask(emulator, trending, { headers: widget })).status).toBe(200)
  })

  test('cut mid-body promises more than it sends, also when the body comes in pieces', async () => {
    emulator.faults.respond({ path: '/whole' }, { status: 200, body: 'x'.repeat(1000) })
    emulator.faults.respond(
      { path: '/pieces' },
      {
        status: 200,
        body: async function* () {
          yield 'first'
          yield 'second'
        },
      },
    )
    emulator.faults.cut({}, 'mid-body')
    for (const path of ['/whole', '/pieces']) {
      const response = await fetch(`${emulator.url}${path}`)
      expect(response.status).toBe(200)
      await expect(response.text()).rejects.toThrow('terminated')
    }
  })

  test('clear forgets rules and revocations', async () => {
    emulator.faults.respond({}, { status: 500 })
    emulator.faults.revokeEverything()
    emulator.faults.revoke(token)
    emulator.faults.clear()
    expect((await ask(emulator, trending, { headers: widget })).status).toBe(200)
  })
})

/** Says exactly these bytes and gives back all that is answered until the connection ends. */
function speak(emulator: NeuroonEmulator, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(emulator.url).port), '127.0.0.1', () =>
      socket.write(bytes),
    )
    let answer = ''
    socket.on('data', (piece) => (answer += piece.toString()))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}
