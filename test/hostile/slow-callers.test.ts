import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MOST_HELD } from '../../src/upstream/slow-readers.ts'
import { ask, request } from './raw-client.ts'
import { startStand } from './stand.ts'
import type { Stand } from './stand.ts'

/**
 * Callers that hold what they do not use, against limits of a second instead of ten, so that the
 * suite need not wait: the real defaults are tried in `test/slow/hostile`.
 */
const LIMITS = 'limits: { headers: 1s, request: 1500ms, idle: 1s, stalled: 1s }'
const GET = request('GET /api/widget/search?q=a')
const LARGE = 4 * 1024 * 1024

let stand: Stand
beforeAll(async () => {
  stand = await startStand({
    configure: (yaml) => yaml.replace('port: 0 }', `port: 0, ${LIMITS} }`),
    answer({ number, target }, socket) {
      if (target.includes('large')) {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${LARGE}\r\n\r\n`)
        return Buffer.alloc(LARGE, 'a')
      }
      if (target.includes('events')) {
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n')
        return Buffer.alloc(LARGE, 'data: x\n\n')
      }
      return `HTTP/1.1 200 OK\r\ncontent-length: 2\r\netag: "${number}"\r\n\r\n{}`
    },
  })
})
afterAll(() => stand.close())

interface Held {
  readonly socket: Socket
  readonly openedAt: number
  closedAt: number | null
}

function hold(bytes: string, prepare: (socket: Socket) => void = () => undefined): Held {
  const socket = connect(Number(new URL(stand.url).port), '127.0.0.1')
  const held: Held = { socket, openedAt: performance.now(), closedAt: null }
  socket.on('connect', () => socket.write(bytes))
  socket.on('error', () => undefined)
  socket.on('close', () => (held.closedAt = performance.now()))
  prepare(socket)
  return held
}

const reading = (socket: Socket) => socket.resume()

/** How many are still open after so many milliseconds; ordinary calls must go on meanwhile. */
async function stillOpen(held: readonly Held[], milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds
  while (performance.now() < end && held.some(({ closedAt }) => closedAt === null)) {
    const { answers } = await ask(stand.url, GET, { quiet: 5, patience: 5_000 })
    expect(answers.map(({ status }) => status)).toEqual([200])
    await delay(100)
  }
  for (const { socket } of held) socket.destroy()
  return held.filter(({ closedAt }) => closedAt === null).length
}

describe('callers that are slow are let go, and others are served meanwhile', () => {
  test('who connects and says nothing', async () => {
    const held = Array.from({ length: 200 }, () => hold('', reading))
    expect(await stillOpen(held, 10_000)).toBe(0)
  })

  test('who sends headers drop by drop', async () => {
    const held = Array.from({ length: 100 }, () =>
      hold('GET /api/widget/search HTTP/1.1\r\nHost: a\r\n', (socket) => {
        const drip = setInterval(() => socket.write('x: y\r\n'), 150)
        socket.on('close', () => clearInterval(drip))
        socket.resume()
      }),
    )
    expect(await stillOpen(held, 10_000)).toBe(0)
  })

  test('who sends a body drop by drop', async () => {
    const head = request('POST /api/widget/track/click', ['Content-Length: 100000'])
    const held = Array.from({ length: 100 }, () =>
      hold(head, (socket) => {
        const drip = setInterval(() => socket.write('x'), 150)
        socket.on('close', () => clearInterval(drip))
        socket.resume()
      }),
    )
    expect(await stillOpen(held, 10_000)).toBe(0)
  })

  test('who keeps a connection and sends nothing more', async () => {
    const held = Array.from({ length: 100 }, () => hold(GET, reading))
    expect(await stillOpen(held, 10_000)).toBe(0)
  })

  test.each([
    ['an answer', '/api/widget/search?q=large'],
    ['a stream of events', '/api/widget/search?q=events'],
  ])(
    'who does not read %s',
    async (_name, target) => {
      const held = Array.from({ length: 20 }, () =>
        hold(request(`GET ${target}`), (socket) => socket.pause()),
      )
      // A paused socket does not see that it was closed: it is asked by writing to it.
      const end = performance.now() + 12_000
      while (performance.now() < end && held.some(({ closedAt }) => closedAt === null)) {
        const { answers } = await ask(stand.url, GET, { quiet: 5, patience: 5_000 })
        expect(answers.map(({ status }) => status)).toEqual([200])
        for (const { socket } of held) if (socket.writable) socket.write('\r\n')
        await delay(250)
      }
      for (const { socket } of held) socket.destroy()
      expect(held.filter(({ closedAt }) => closedAt === null).length).toBe(0)
    },
    30_000,
  )
})

test('a slow caller is told so, as a problem', async () => {
  const { answers } = await ask(stand.url, 'GET /api/widget/search HTTP/1.1\r\n', {
    patience: 8_000,
  })
  expect(
    answers.map(({ status, body }) => [status, body.includes('did not arrive in time')]),
  ).toEqual([[400, true]])
})

test('connections beyond the limit are closed at once, and those before it stay', async () => {
  const small = await startStand({
    configure: (yaml) => yaml.replace('port: 0 }', 'port: 0, limits: { connections: 60 } }'),
  })
  const port = Number(new URL(small.url).port)
  let closed = 0
  const sockets = Array.from({ length: 100 }, () =>
    connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => (closed += 1))
      .resume(),
  )
  try {
    await expect.poll(() => closed, { timeout: 5_000 }).toBe(40)
  } finally {
    for (const socket of sockets) socket.destroy()
    await small.close()
  }
})

describe('callers that do not read hold so many connections to the upstream, and not all', () => {
  const piece = Buffer.alloc(64 * 1024, 'a')
  let patient: Stand
  let sockets: Socket[]
  /** Answers without end that the upstream has begun, and those whose connection is gone. */
  let begun: number
  let ended: number

  // Whoever does not read has minutes: nothing ends these but what is looked at here.
  beforeEach(async () => {
    begun = ended = 0
    sockets = []
    patient = await startStand({
      configure: (yaml) => yaml.replace('port: 0 }', 'port: 0, limits: { stalled: 5m } }'),
      answer({ number, target }, socket) {
        const type = /endless-(\w+)/.exec(target)?.[1]
        if (type === undefined) {
          return `HTTP/1.1 200 OK\r\ncontent-length: 2\r\netag: "${number}"\r\n\r\n{}`
        }
        const pour = () => {
          while (socket.writable && socket.write(piece));
        }
        begun += 1
        socket.on('drain', pour).on('close', () => (ended += 1))
        socket.write(`HTTP/1.1 200 OK\r\ncontent-type: ${types[type]}\r\n\r\n`)
        pour()
        return null
      },
    })
  })
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await patient.close()
  })

  const types: Readonly<Record<string, string>> = {
    events: 'text/event-stream',
    pages: 'application/json',
  }

  async function askAndDoNotRead(type: string, count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const socket = connect(Number(new URL(patient.url).port), '127.0.0.1')
      sockets.push(socket.on('error', () => undefined).pause())
      socket.write(request(`GET /api/widget/search?q=endless-${type}`))
    }
    await expect.poll(() => begun, { timeout: 40_000 }).toBe(count)
  }

  async function expectServed(): Promise<void> {
    const { answers } = await ask(patient.url, GET, { patience: 10_000 })
    expect(answers.map(({ status }) => status)).toEqual([200])
  }

  test('the one who has read nothing for longest is let go, and the next call is served', async () => {
    // No deadline holds for events.
    await askAndDoNotRead('events', MOST_HELD + 8)
    await expect.poll(() => ended, { timeout: 40_000 }).toBe(8)
    await expectServed()
    expect(ended).toBe(8)
  }, 120_000)

  test('nor is it taken for a failure of the upstream that they never came to the end', async () => {
    await askAndDoNotRead('pages', 24)
    await expect.poll(() => ended, { timeout: 40_000 }).toBe(24)
    await expectServed()
    expect(patient.rig.log()).not.toContain('upstream/timeout')
  }, 120_000)
})
