import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { askByReading, createAskByPolling, createHasUnread } from '../../src/upstream/unread.ts'

/** Two ends of a connection; what the first one is sent stays in the kernel. */
async function pair(): Promise<{ readonly descriptor: number; readonly other: Socket }> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const other = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [end] = (await once(server, 'connection')) as [Socket]
  onTestFinished(() => {
    for (const socket of [end, other]) socket.on('error', () => undefined).destroy()
    server.close()
  })
  const { _handle: handle } = end as unknown as { readonly _handle: { readonly fd: number } }
  return { descriptor: handle.fd, other }
}

async function soon(ask: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 200 && !ask(); tries += 1) await delay(10)
  return ask()
}

// The project's own Node can call poll(2).
const ways = [
  ['poll', createAskByPolling() ?? expect.fail('this Node cannot call poll(2)')],
  ['a read', askByReading],
  ['the way that is chosen', createHasUnread()],
] as const

describe.each(ways)('asked with %s', (_name, ask) => {
  test('nothing is there', async () => {
    const { descriptor } = await pair()
    expect(ask(descriptor)).toBe(false)
    expect(ask(descriptor)).toBe(false)
  })

  test('bytes', async () => {
    const { descriptor, other } = await pair()
    other.write('somebody else’s')
    expect(await soon(() => ask(descriptor))).toBe(true)
  })

  test('the end', async () => {
    const { descriptor, other } = await pair()
    other.end()
    expect(await soon(() => ask(descriptor))).toBe(true)
  })

  test('an error', async () => {
    const { descriptor, other } = await pair()
    other.resetAndDestroy()
    expect(await soon(() => ask(descriptor))).toBe(true)
  })

  test('no such descriptor', () => {
    expect(ask(1_000_000)).toBe(true)
  })
})

describe('a Node that cannot call C, or does so in another way', () => {
  const dlopen = (poll: () => number) => () => ({ functions: { poll } })
  const getRawPointer = () => 0n

  test.each([
    ['no such module', undefined],
    ['other names', { open: () => undefined }],
    ['no such function', { getRawPointer, dlopen: () => ({ functions: {} }) }],
    ['answers what it cannot know', { getRawPointer, dlopen: dlopen(() => 1) }],
  ])('%s', (_name, found) => {
    const load = (() => found) as typeof process.getBuiltinModule
    const module = vi.spyOn(process, 'getBuiltinModule').mockImplementation(load)
    onTestFinished(() => module.mockRestore())
    expect(createAskByPolling()).toBeNull()
    expect(createHasUnread()).toBe(askByReading)
  })

  test('nothing is said of experiments, and warnings go on', async () => {
    const warned: string[] = []
    const onWarning = ({ message }: Error) => void warned.push(message)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    createAskByPolling()
    process.emitWarning('another one')
    await delay(20)
    expect(warned).toEqual(['another one'])
  })
})
