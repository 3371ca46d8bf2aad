import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { askOutside } from '../../src/identity/outside.ts'
import { startAnswering } from './log-in.ts'
import type { Asking, Told } from './log-in.ts'

const open: Asking[] = []
afterEach(() => Promise.all(open.splice(0).map((server) => server.close())))

async function ask(tell: () => Told | null, path = '/whoami?a=1') {
  const server = await startAnswering(tell)
  open.push(server)
  const headers = { cookie: 'sid=a' }
  const reply = askOutside({ url: server.url + path, headers, maxBytes: 1024 })
  return { server, reply }
}

describe('a question', () => {
  test('is one GET with what it shows and nothing else', async () => {
    const { server, reply } = await ask(() => ({ status: 200, headers: { 'x-a': 'b' }, body: 'c' }))
    expect(await reply).toMatchObject({ status: 200, headers: { 'x-a': 'b' }, body: 'c' })
    const [asked] = server.asked
    expect(asked?.url).toBe('/whoami?a=1')
    expect(asked?.headers).toMatchObject({ 'accept-encoding': 'identity', cookie: 'sid=a' })
    expect(Object.keys(asked?.headers ?? {}).sort()).toEqual([
      'accept-encoding',
      'connection',
      'cookie',
      'host',
    ])
  })

  test('follows no redirect', async () => {
    const { server, reply } = await ask(() => ({ status: 302, headers: { location: '/other' } }))
    expect((await reply).status).toBe(302)
    expect(server.asked).toHaveLength(1)
  })

  test('takes no endless answer', async () => {
    const { reply } = await ask(() => ({ status: 200, body: 'x'.repeat(1025) }))
    await expect(reply).rejects.toThrow()
    const { reply: fitting } = await ask(() => ({ status: 200, body: 'x'.repeat(1024) }))
    expect((await fitting).body).toHaveLength(1024)
  })

  test('waits two seconds at most', { timeout: 10_000 }, async () => {
    const { reply } = await ask(() => null)
    const started = performance.now()
    await expect(reply).rejects.toThrow()
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('T6: is asked on a connection of its own each time', async () => {
    const ports = new Set<number | undefined>()
    const server = createServer((socket) => {
      ports.add(socket.remotePort)
      socket.on('error', () => undefined)
      socket.once('data', () => {
        // The second answer is nobody's, and must not become the next question's.
        socket.write('HTTP/1.1 200 OK\r\nx-customer-id: 1001\r\ncontent-length: 0\r\n\r\n')
        socket.write('HTTP/1.1 200 OK\r\nx-customer-id: 1002\r\ncontent-length: 0\r\n\r\n')
      })
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    for (let at = 0; at < 5; at += 1) {
      const reply = await askOutside({ url, headers: {}, maxBytes: 1024 })
      expect(reply.headers['x-customer-id']).toBe('1001')
    }
    expect(ports.size).toBe(5)
    server.close()
  })

  test('T6: leaves no connection behind', async () => {
    let ended: Promise<unknown> = Promise.resolve()
    const server = createServer((socket) => {
      ended = once(socket, 'close')
      // For so long an agent would keep it.
      socket.once('data', () =>
        socket.write('HTTP/1.1 204 No Content\r\nkeep-alive: timeout=60\r\n\r\n'),
      )
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    expect((await askOutside({ url, headers: {}, maxBytes: 1024 })).status).toBe(204)
    await ended
    server.close()
  })

  test('has no answer where nobody listens', async () => {
    const { server, reply } = await ask(() => ({ status: 200 }))
    await reply
    await server.close()
    open.length = 0
    const again = askOutside({ url: server.url, headers: {}, maxBytes: 1024 })
    await expect(again).rejects.toThrow()
  })
})
