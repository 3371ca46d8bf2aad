/**
 * Callers that hold what they do not use, against the real defaults: all are shed within 15
 * seconds of their first byte, and ordinary calls go on meanwhile. Loads go to loopback and end by
 * themselves; what is printed is for the reader, and only sheds and successes decide.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ask, request } from '../../hostile/raw-client.ts'
import { startStand } from '../../hostile/stand.ts'
import type { Stand } from '../../hostile/stand.ts'
import { describeWithProgram } from '../../support/programs.ts'
import { ORIGIN } from '../../support/rig.ts'

const GET = request('GET /api/widget/search?q=a')
const SHED = 15_000
/** For a machine that is busy with something else. */
const SLACK = 30_000
const LARGE = 8 * 1024 * 1024
/** What a page of results weighs. */
const PAGE = 100 * 1024
const LARGE_ANSWER = '/api/widget/search?q=large'

let stand: Stand
beforeAll(async () => {
  stand = await startStand({
    answer({ number, target }, socket) {
      if (!target.includes('large') && !target.includes('page')) {
        return `HTTP/1.1 200 OK\r\ncontent-length: 2\r\netag: "${number}"\r\n\r\n{}`
      }
      const length = target.includes('large') ? LARGE : PAGE
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`)
      return Buffer.alloc(length, 'a')
    },
  })
})
afterAll(() => stand.close())

const held: Socket[] = []
afterEach(() => {
  for (const socket of held.splice(0)) socket.destroy()
})

/** Ordinary calls one after another while something else goes on; all of them must succeed. */
async function callMeanwhile(isGoingOn: () => boolean): Promise<void> {
  const times: number[] = []
  while (isGoingOn()) {
    const startedAt = performance.now()
    const { answers } = await ask(
      stand.url,
      request('GET /api/widget/search?q=a', ['Connection: close']),
      {
        patience: 10_000,
      },
    )
    times.push(performance.now() - startedAt)
    expect(answers.map(({ status }) => status)).toEqual([200])
    await delay(20)
  }
  times.sort((one, other) => one - other)
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0
  process.stderr.write(`${times.length} ordinary calls meanwhile, p99 ${p99.toFixed(1)} ms\n`)
}

interface Kind {
  readonly count: number
  readonly bytes: string
  /** What each socket goes on doing. */
  readonly drip?: string
  readonly isReading: boolean
}

const kinds: Readonly<Record<string, Kind>> = {
  'connects and says nothing': { count: 3_000, bytes: '', isReading: true },
  'keeps a connection after a call': { count: 500, bytes: GET, isReading: true },
  'sends headers drop by drop': {
    count: 800,
    bytes: 'GET /api/widget/search HTTP/1.1\r\nHost: a\r\n',
    drip: 'x: y\r\n',
    isReading: true,
  },
  'sends a body drop by drop': {
    count: 800,
    bytes: request('POST /api/widget/track/click', ['Content-Length: 1000000']),
    drip: 'x',
    isReading: true,
  },
  'does not read what it asked for': {
    count: 40,
    bytes: request(`GET ${LARGE_ANSWER}`),
    isReading: false,
  },
}

describe('a caller is shed within 15 seconds who', () => {
  test.each(Object.entries(kinds))(
    '%s',
    async (_name, { count, bytes, drip, isReading }) => {
      for (let index = 0; index < count; index += 1) {
        const socket = connect(Number(new URL(stand.url).port), '127.0.0.1')
        held.push(socket)
        socket.on('connect', () => socket.write(bytes))
        socket.on('error', () => undefined)
        if (isReading) socket.resume()
        else socket.pause()
        const ticker = setInterval(
          () => {
            // One that does not read learns that it was shed by writing.
            const more = drip ?? (isReading ? null : '\r\n')
            if (more !== null && socket.writable) socket.write(more)
          },
          isReading ? 3_000 : 500,
        )
        socket.on('close', () => clearInterval(ticker))
        if (index % 200 === 0) await delay(5)
      }
      expect(await mostHeldUntilShed()).toBeGreaterThan(count / 3)
      expect(establishedAt(stand.url)).toBeLessThanOrEqual(FEW)
    },
    120_000,
  )
})

describeWithProgram('slowhttptest', 'slowhttptest', 'slowhttptest cannot hold the gateway:', () => {
  const modes: Readonly<Record<string, readonly string[]>> = {
    'slow headers': ['-H', '-i', '3', '-p', '3', '-u', '/api/widget/search?q=a'],
    'slow bodies': ['-B', '-i', '3', '-s', '8192', '-t', 'POST', '-u', '/api/widget/track/click'],
    'slow reading': [
      '-X',
      '-w',
      '1',
      '-y',
      '10',
      '-n',
      '5',
      '-z',
      '32',
      '-u',
      '/api/widget/search?q=page',
    ],
  }

  test.each(Object.entries(modes))(
    '%s',
    async (_name, words) => {
      // 400 connections, 200 a second; -l ends the run whatever happens. It always sends a Referer
      // of its own, which no page of the shop is: an Origin that is listed speaks louder.
      const options = [
        ...words.slice(0, -1),
        `${stand.url}${words.at(-1)}`,
        '-c',
        '400',
        '-r',
        '200',
      ]
      const cookie = `a=b\r\nOrigin: ${ORIGIN}`
      const child = spawn('slowhttptest', [...options, '-l', '40', '-j', cookie], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child.stdout.resume()
      child.stderr.resume()
      try {
        expect(await mostHeldUntilShed()).toBeGreaterThan(200)
      } finally {
        child.kill('SIGKILL')
      }
      expect(establishedAt(stand.url)).toBeLessThanOrEqual(FEW)
    },
    120_000,
  )
})

/** Waits until the gateway has let go of them, with ordinary calls meanwhile. @returns the most held */
async function mostHeldUntilShed(): Promise<number> {
  const begun = performance.now()
  const time = () => performance.now() - begun
  let most = 0
  await callMeanwhile(() => {
    const open = establishedAt(stand.url)
    most = Math.max(most, open)
    // All are there within a few seconds; from then on they may only get fewer.
    return time() < SHED + SLACK && (time() < 4_000 || open > FEW)
  })
  process.stderr.write(`${most} held at most, shed after ${(time() / 1000).toFixed(1)} s\n`)
  return most
}

/** Ordinary calls, and the probes that the program makes. */
const FEW = 5

/**
 * Connections that the gateway's side holds open, as the kernel counts them: what it has closed is
 * gone here, even where the other side has not noticed (it does not read, or its last packet was
 * dropped because too many came at once).
 */
function establishedAt(url: string): number {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0')
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)
  return rows.filter((row) => {
    const [, local = '', , state] = row.trim().split(/\s+/)
    return local.endsWith(`:${port}`) && state === '01'
  }).length
}
