import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createConnections } from '../../src/downstream/connections.ts'
import type { Connections } from '../../src/downstream/connections.ts'

/** A connection as the module sees it: what is served, and how it ends. */
function connection(stalled = 1_000) {
  const served: string[] = []
  let now = 0
  const socket = Object.assign(new EventEmitter(), {
    writable: true,
    isDestroyed: false,
    destroy: () => void (socket.isDestroyed = true),
    destroySoon: () => void (socket.isDestroyed = true),
  })
  const connections: Connections = createConnections(
    (request) => void served.push(String(request.url)),
    { stalled, now: () => now },
  )
  const call = (url: string, method = 'GET') => {
    const response = Object.assign(new EventEmitter(), { writableLength: 0, headersSent: false })
    const request = { url, method, socket, complete: true }
    connections.take(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    return { request, response, end: () => response.emit('close') }
  }
  return {
    served,
    socket,
    connections,
    call,
    broken: () => connections.broken(socket as unknown as Socket),
    pass: (milliseconds: number) => {
      now += milliseconds
      connections.sweep()
    },
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('calls on one connection', () => {
  test('are served one after another', async () => {
    const { served, call } = connection()
    const first = call('/1')
    call('/2')
    await turn()
    expect(served).toEqual(['/1'])
    first.end()
    await turn()
    expect(served).toEqual(['/1', '/2'])
  })

  test('are not served before the parser is through with what came together', async () => {
    const { served, call, broken } = connection()
    call('/1')
    call('/2', 'POST')
    expect(broken()).toBe('refuse')
    await turn()
    expect(served).toEqual([])
  })

  test('that wait beyond reason end the connection after the one under way', async () => {
    const { served, call, socket } = connection()
    const first = call('/1')
    await turn()
    for (let index = 0; index < 100; index += 1) call('/more')
    first.end()
    await turn()
    expect([served, socket.isDestroyed]).toEqual([['/1'], true])
  })
})

describe('when the parser gives up', () => {
  test('an idle connection is refused', () => expect(connection().broken()).toBe('refuse'))

  test('a call under way is finished, and nothing after it is served', async () => {
    const { served, call, socket, broken } = connection()
    const first = call('/1')
    await turn()
    call('/2')
    expect(broken()).toBe('closes-itself')
    expect(socket.isDestroyed).toBe(false)
    first.end()
    await turn()
    expect([served, socket.isDestroyed]).toEqual([['/1'], true])
  })

  test('in the middle of a body the call is refused, or cut off once its answer has begun', async () => {
    for (const [headersSent, expected] of [
      [false, 'refuse'],
      [true, 'destroy'],
    ] as const) {
      const { call, broken } = connection()
      const { request, response } = call('/1', 'POST')
      await turn()
      request.complete = false
      response.headersSent = headersSent
      expect(broken()).toBe(expected)
    }
  })
})

describe('a caller who does not read', () => {
  test('is let go once the bytes have waited too long', () => {
    const { call, socket, pass } = connection(1_000)
    call('/1').response.writableLength = 10
    pass(0)
    pass(999)
    expect(socket.isDestroyed).toBe(false)
    pass(1)
    expect(socket.isDestroyed).toBe(true)
  })

  test('is kept when it catches up in between', () => {
    const { call, socket, pass } = connection(1_000)
    const { response } = call('/1')
    for (let round = 0; round < 5; round += 1) {
      response.writableLength = 10
      pass(600)
      response.writableLength = 0
      pass(600)
    }
    expect(socket.isDestroyed).toBe(false)
  })
})
