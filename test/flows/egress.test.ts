/**
 * Where calls leave from (design 3.2, `upstream`): an address of the host's, or a forward proxy.
 * A key may be tied to it, so that all of a storefront's calls go that way, exchanges too.
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startConnectProxy } from '../support/connect-proxy.ts'
import type { ConnectProxy } from '../support/connect-proxy.ts'
import { ALICE, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'

const mine = '/nector/api/v2/merchant/leads/me'
/** Without an exchange; each is another answer, so that none comes out of the cache. */
let pages = 0
const read = () => `/nector/api/v2/merchant/triggers?page=${++pages}`

/** What `upstream` says in the configuration. */
const leaving = (how: string) => (yaml: string) =>
  yaml.replace('customer: shopify\n', `customer: shopify\n        upstream: { ${how} }\n`)

const nectorIn = (yaml: string) => /nector:\s+environment: (\S+)/.exec(yaml)?.[1] ?? ''

describe('through a proxy', () => {
  let proxy: ConnectProxy
  let rig: Rig
  let session: string
  beforeAll(async () => {
    proxy = await startConnectProxy()
    rig = await startRig({ configure: leaving(`proxy: "${proxy.url}"`) })
    session = await rig.session(ALICE.customer)
  })
  beforeEach(() => (proxy.manner = 'opens'))
  afterAll(async () => {
    await rig.close()
    await proxy.close()
  })

  /** What the proxy was asked meanwhile. */
  async function askedDuring(act: () => Promise<unknown>) {
    const before = proxy.asked.length
    await act()
    return proxy.asked.slice(before)
  }

  /** The proxy learns where to, and nothing else. */
  function expectOnlyTunnels(asked: ConnectProxy['asked']) {
    const { host } = new URL(rig.nector.url)
    for (const { what, headers } of asked) {
      expect(what).toBe(`CONNECT ${host}`)
      expect(headers).toEqual({ host, connection: 'close', 'proxy-connection': 'keep-alive' })
    }
  }

  test('goes every call to its upstream, and every exchange; one to another does not', async () => {
    const asked = await askedDuring(async () => {
      expect((await rig.call(read())).status).toBe(200)
      expect((await rig.call('/api/widget/search?q=tent')).status).toBe(200)
    })
    expect(asked).toHaveLength(1)
    const more = await askedDuring(async () => {
      const answer = await rig.call(mine, { as: session })
      expect(answer.status).toBe(200)
      expect(answer.text).toContain(ALICE.id)
    })
    // The exchange has a connection of its own.
    expect(more).toHaveLength(2)
    expectOnlyTunnels([...asked, ...more])
  })

  test('a tunnel is used again', async () => {
    await rig.call(read())
    const asked = await askedDuring(async () => {
      for (let i = 0; i < 5; i++) expect((await rig.call(read())).status).toBe(200)
    })
    expect(asked).toEqual([])
  })

  test('an upstream that is silent at its end is given five seconds', async () => {
    rig.nector.faults.delay({ path: /triggers/ }, 30_000)
    const startedAt = performance.now()
    const answer = await rig.call(read())
    rig.nector.faults.clear()
    expect([answer.status, answer.json['code']]).toEqual([504, 'upstream/timeout'])
    expect(performance.now() - startedAt).toBeLessThan(9_000)
  })

  describe('that is in trouble', () => {
    /** Its own gateway: no tunnel is open yet. */
    async function inTrouble(manner: ConnectProxy['manner'], environment?: string) {
      const fresh = await startRig({
        configure: (yaml) => {
          const there = leaving(`proxy: "${proxy.url}"`)(yaml)
          return environment === undefined ? there : there.replace(nectorIn(yaml), environment)
        },
      })
      try {
        const as = await fresh.session(ALICE.customer)
        proxy.manner = manner
        const startedAt = performance.now()
        const before = proxy.asked.length
        const [content, own] = await Promise.all([fresh.call(read()), fresh.call(mine, { as })])
        const took = performance.now() - startedAt
        const asked = proxy.asked.slice(before)
        const received = [...fresh.nector.received]
        proxy.manner = 'opens'
        const later = environment === undefined ? (await fresh.call(read())).status : null
        return { content, own, took, asked, received, later }
      } finally {
        await fresh.close()
      }
    }

    test('it never answers: a second, as for any connection, and not the whole ten', async () => {
      const { content, own, took, received, later } = await inTrouble('silent')
      expect([content.status, content.json['code']]).toEqual([504, 'upstream/timeout'])
      expect([own.status, own.json['code']]).toEqual([503, 'tokens/exchange-unavailable'])
      // The five seconds of an answer are not what a tunnel may take.
      expect(took).toBeLessThan(4_500)
      expect(received).toEqual([])
      expect(later).toBe(200)
      expect(proxy.strays()).toBe('')
    })

    test('its tunnel leads nowhere: so does the handshake', async () => {
      const { content, took, asked } = await inTrouble('nowhere', 'https://localhost:9')
      expect([content.status, content.json['code']]).toEqual([504, 'upstream/timeout'])
      expect(took).toBeLessThan(6_000)
      expect(asked.map(({ what }) => what)).toContain('CONNECT localhost:9')
    })

    test.each([407, 403] as const)(
      'it refuses with %s: the upstream’s word it is not',
      async (status) => {
        const { content, own, asked, received, later } = await inTrouble(status)
        expect([content.status, content.json['code']]).toEqual([502, 'upstream/unreachable'])
        expect([own.status, own.json['code']]).toEqual([503, 'tokens/exchange-unavailable'])
        expect(asked.length).toBeGreaterThan(1)
        expect(received).toEqual([])
        expect(later).toBe(200)
        expect(proxy.strays()).toBe('')
        for (const { what, headers } of asked) {
          expect(what).toMatch(/^CONNECT 127\.0\.0\.1:\d+$/)
          expect(Object.keys(headers).sort()).toEqual(['connection', 'host', 'proxy-connection'])
        }
      },
    )

    test('nobody listens', async () => {
      const gone = await startConnectProxy()
      await gone.close()
      const alone = await startRig({ configure: leaving(`proxy: "${gone.url}"`) })
      try {
        const answer = await alone.call(read())
        expect([answer.status, answer.json['code']]).toEqual([502, 'upstream/unreachable'])
      } finally {
        await alone.close()
      }
    })
  })
})

describe('from an address', () => {
  test.each(['127.0.0.1', 'localhost'])('the upstream at %s sees it', async (host) => {
    const seen: (string | undefined)[] = []
    let target = ''
    // Stands before the emulator and looks who comes.
    const sockets = new Set<Socket>()
    const relay = createServer((near) => {
      seen.push(near.remoteAddress)
      const far = connect(Number(new URL(target).port), '127.0.0.1')
      near.pipe(far).pipe(near)
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one)
        one.on('error', () => undefined).on('close', () => other.destroy())
      }
    })
    await new Promise<void>((resolve) => void relay.listen(0, '127.0.0.1', resolve))
    const { port } = relay.address() as AddressInfo
    const rig = await startRig({
      configure: (yaml) => {
        target = nectorIn(yaml)
        return leaving('localAddress: 127.0.0.9')(yaml).replace(target, `http://${host}:${port}`)
      },
    })
    try {
      expect((await rig.call(read())).status).toBe(200)
      expect(seen).toEqual(['127.0.0.9'])
      const as = await rig.session(ALICE.customer)
      expect((await rig.call(mine, { as })).status).toBe(200)
      // The exchange too, on a connection of its own.
      expect(seen).toEqual(['127.0.0.9', '127.0.0.9', '127.0.0.9'])
    } finally {
      await rig.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => relay.close(resolve))
    }
  })
})
