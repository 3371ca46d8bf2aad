/** Upstreams that take their time, against the real limits (docs/limits.md). */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startStand } from '../hostile/stand.ts'
import type { Stand } from '../hostile/stand.ts'
import { startRig } from '../support/rig.ts'

const search = '/api/widget/search?q='
const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: '
const EVENT = '9\r\ndata: 1\n\n\r\n'

let stand: Stand
beforeAll(async () => {
  stand = await startStand({
    answer({ target }, socket) {
      if (target.includes('hang')) return null
      if (target.includes('trickle')) {
        repeat(socket, 500, () => socket.write('1\r\nx\r\n'))
        return `${HEAD}application/json\r\n\r\n`
      }
      if (target.includes('events')) {
        let left = 14
        repeat(socket, 1_000, () => socket.write(left-- > 0 ? EVENT : '0\r\n\r\n'))
      }
      return `${HEAD}text/event-stream\r\n\r\n${EVENT}`
    },
  })
})
afterAll(() => stand.close())

function repeat(socket: Socket, milliseconds: number, run: () => void): void {
  const timer = setInterval(run, milliseconds)
  socket.once('close', () => clearInterval(timer))
}

/** Seconds, whether it ends well or not. */
async function duration(call: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await call.catch(() => undefined)
  return (performance.now() - startedAt) / 1000
}

describe('no connection within a second', () => {
  test('504 upstream/timeout', async () => {
    const port = await listenWithoutAccepting()
    const rig = await startRig({
      configure: (yaml) =>
        yaml.replace(/(neuroon:\s+environment: )\S+/, `$1http://127.0.0.1:${port}`),
    })
    try {
      const call = rig.call(`${search}tent`)
      // Without a limit of its own it would be ten.
      expect(await duration(call)).toBeLessThan(5)
      expect((await call).status).toBe(504)
      expect((await call).json).toMatchObject({ code: 'upstream/timeout' })
    } finally {
      await rig.close()
    }
  })

  /** A listener whose queue is full, so that the kernel drops whoever asks for a connection. */
  async function listenWithoutAccepting(): Promise<number> {
    // A thread of its own, that never gets around to accepting.
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads')
      const server = require('node:net').createServer()
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        parentPort.postMessage(server.address().port)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      })`,
      { eval: true },
    )
    onTestFinished(async () => void (await worker.terminate()))
    const [port] = (await once(worker, 'message')) as [number]
    // A queue of one holds two.
    for (let count = 0; count < 2; count += 1) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      onTestFinished(() => void socket.destroy())
      await once(socket, 'connect')
    }
    return port
  }
})

describe('no head of an answer', () => {
  test.concurrent('after five seconds: 504 upstream/timeout', async () => {
    const call = stand.rig.call(`${search}hang`)
    const seconds = await duration(call)
    expect(seconds).toBeGreaterThan(4)
    // Without a limit of its own it would be ten.
    expect(seconds).toBeLessThan(9)
    expect(await call).toMatchObject({ status: 504, json: { code: 'upstream/timeout' } })
  })
})

describe('not done', () => {
  test.concurrent('after ten seconds: an answer that trickles is cut off', async () => {
    const call = stand.rig.call(`${search}trickle`)
    const seconds = await duration(call)
    expect(seconds).toBeGreaterThan(8)
    expect(seconds).toBeLessThan(15)
    await expect(call).rejects.toThrow()
  })

  test.concurrent('after ten seconds: an event stream goes on to its end', async () => {
    const call = stand.rig.call(`${search}events`)
    expect(await duration(call)).toBeGreaterThan(12)
    expect((await call).text).toBe('data: 1\n\n'.repeat(15))
  })

  test.concurrent('an event stream without an event for 30 seconds is cut off', async () => {
    const call = stand.rig.call(`${search}silence`)
    const seconds = await duration(call)
    expect(seconds).toBeGreaterThan(25)
    expect(seconds).toBeLessThan(45)
    await expect(call).rejects.toThrow()
  })
})
