/** A provider that fails: it is left alone, and content goes on. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { ALICE, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'
import { sentDuring } from '../support/sent.ts'

const search = '/api/widget/search?q=tent'
const trending = '/api/widget/trending'
const mine = '/nector/api/v2/merchant/leads/me'

let clock: FakeClock
let rig: Rig
beforeEach(async () => {
  clock = createFakeClock()
  rig = await startRig({ clock, random: () => 0 })
})
afterEach(() => rig.close())

const codeOf = async (path: string) => {
  const answer = await rig.call(path)
  return answer.status === 200 ? 'served' : (answer.json['code'] ?? answer.status)
}

async function fail(calls = 20): Promise<void> {
  rig.neuroon.faults.respond({ path: /search/ }, { status: 503, body: '{}' })
  for (let index = 0; index < calls; index++) await rig.call(search)
}

describe('503 upstream/circuit-open', () => {
  test('from the twentieth failure on: at once, with Retry-After, and nothing is sent', async () => {
    await fail()
    const sent = await sentDuring(rig.neuroon, async () => {
      const answer = await rig.call(search)
      expect(answer.status).toBe(503)
      expect(answer.json).toMatchObject({ code: 'upstream/circuit-open' })
      expect(answer.headers).toMatchObject({
        'retry-after': '2',
        'proxy-status': 'gatehouse; error=destination_unavailable',
      })
    })
    expect(sent).toEqual([])
  })

  test('for one family of routes and one provider alone', async () => {
    await fail()
    expect((await rig.call(trending)).status).toBe(200)
    expect((await rig.call(mine, { as: await rig.session(ALICE.customer) })).status).toBe(200)
  })

  test('ends within five seconds of the provider being well', async () => {
    await fail()
    clock.advance(60_000)
    expect(await codeOf(search)).toBe(503)
    rig.neuroon.faults.clear()
    expect(await codeOf(search)).toBe('upstream/circuit-open')
    clock.advance(2_000)
    expect(await codeOf(search)).toBe('served')
    expect(await codeOf(search)).toBe('served')
  })

  test('lets one probe through, however many call', async () => {
    await fail()
    clock.advance(2_000)
    rig.neuroon.faults.delay({ path: /search/ }, 100)
    const sent = await sentDuring(rig.neuroon, () =>
      Promise.all(Array.from({ length: 50 }, () => rig.call(search))).then(() => undefined),
    )
    expect(sent).toHaveLength(1)
  })

  test('is told to the operator', async () => {
    await fail()
    const metrics = await (await fetch(`${rig.gateway.adminUrl}/metrics`)).text()
    expect(metrics).toContain(
      'gatehouse_circuits_open{provider="neuroon",family="widget:search"} 1',
    )
  })

  test('is not what a shopper’s mistakes lead to', async () => {
    rig.neuroon.faults.respond({ path: /search/ }, { status: 422, body: '{}' })
    for (let index = 0; index < 40; index++) expect(await codeOf(search)).toBe(422)
  })

  test('for look-ups that fail', async () => {
    rig.nector.faults.respond({ path: /leads/ }, { status: 503, body: '{}' })
    for (let index = 0; index < 20; index++) {
      await rig.call(mine, { as: await rig.session(String(5_000 + index)) })
    }
    const sent = await sentDuring(rig.nector, async () => {
      const answer = await rig.call(mine, { as: await rig.session('6000') })
      expect(answer.json).toMatchObject({ code: 'upstream/circuit-open' })
    })
    expect(sent).toEqual([])
  })
})

test('F4: 503 to everything for a minute costs at most 1.1 calls for each call', async () => {
  rig.neuroon.faults.respond({}, { status: 200, headers: { 'set-cookie': [] }, body: '{"a":1}' })
  await rig.call(trending)
  clock.advance(300_000)
  rig.neuroon.faults.clear()
  rig.neuroon.faults.respond({}, { status: 503, body: '{}' })
  let calls = 0
  const sent = await sentDuring(rig.neuroon, async () => {
    for (let second = 0; second < 60; second++) {
      for (const path of [search, search, search, trending, '/api/widget/suggest?q=t']) {
        const answer = await rig.call(path)
        expect(answer.status).toBe(path === trending ? 200 : 503)
        calls += 1
      }
      clock.advance(1_000)
    }
  })
  expect(sent.length / calls).toBeLessThanOrEqual(1.1)
  // Far fewer, in fact: the circuit was open nearly all the time.
  expect(sent.length / calls).toBeLessThan(0.6)
})

test('a read is sent once more where the connection failed, within a tenth of all calls', async () => {
  rig.neuroon.faults.cut({ path: /search/ }, 'before-headers', { times: 1 })
  expect(await codeOf(search)).toBe('served')
  rig.neuroon.faults.cut({ path: /search/ }, 'before-headers')
  const sent = await sentDuring(rig.neuroon, async () => {
    for (let index = 0; index < 19; index++) {
      expect(await codeOf(search)).toMatch(/^upstream\/(unreachable|circuit-open)$/)
    }
  })
  expect(sent.length).toBeLessThanOrEqual(19 * 1.1 + 2)
})
