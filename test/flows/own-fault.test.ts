/** A mistake in our own code while a call is served: that call fails, and nothing else (F17). */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { providers } from '../../providers/index.ts'
import type { Upstream } from '../../src/provider.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { parseJson, textOf } from '../support/json.ts'
import type { Json } from '../support/json.ts'
import { SHOP_KEY, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'

const search = '/api/widget/search?q=tent'

/** Where the provider's code is wrong at the moment. */
let wrong: 'classify' | 'authorize' | null = null
let rig: Rig
let clock: FakeClock
beforeEach(async () => {
  const neuroon = providers.find(({ id }) => id === 'neuroon')
  if (neuroon === undefined) throw new Error('there is no such provider')
  const start = neuroon.start.bind(neuroon)
  vi.spyOn(neuroon, 'start').mockImplementation((...given) => faulty(start(...given)))
  clock = createFakeClock()
  rig = await startRig({ clock, random: () => 0 })
})
afterEach(async () => {
  wrong = null
  vi.restoreAllMocks()
  await rig.close()
})

/** What it throws holds a secret, which must not come out with it. */
function faulty(upstream: Upstream): Upstream {
  const fail = (where: typeof wrong) => {
    if (wrong === where) throw new TypeError(`boom ${SHOP_KEY}`)
  }
  return {
    ...upstream,
    classify(head) {
      fail('classify')
      return upstream.classify(head)
    },
    authorize(call) {
      fail('authorize')
      return upstream.authorize(call)
    },
  }
}

describe.each(['classify', 'authorize'] as const)('a provider that throws in %s', (where) => {
  test('is 500 internal with the request id, and the next call is served', async () => {
    wrong = where
    const answer = await rig.call(search)
    expect(answer.status).toBe(500)
    expect(answer.json).toMatchObject({
      code: 'internal',
      instance: answer.headers['x-request-id'],
      detail: 'Something went wrong inside the gateway.',
    })
    expect(answer.headers['proxy-status']).toBe('gatehouse; error=proxy_internal_error')
    wrong = null
    expect((await rig.call(search)).status).toBe(200)
  })

  test('is an error in the log, which says of what kind', async () => {
    wrong = where
    await rig.call(search)
    expect(callLine()).toMatchObject({
      level: 50,
      status: 500,
      code: 'internal',
      cause: 'TypeError',
      sent: where === 'classify' ? 1 : 0,
    })
  })

  test('is not held against the upstream, however often', async () => {
    wrong = where
    for (let index = 0; index < 30; index += 1) expect((await rig.call(search)).status).toBe(500)
    wrong = null
    expect((await rig.call(search)).status).toBe(200)
    const metrics = await (await fetch(`${rig.gateway.adminUrl}/metrics`)).text()
    expect(metrics).not.toMatch(/^gatehouse_circuits_open\{provider="neuroon".*\} 1$/m)
    expect(metrics).not.toContain('upstream/')
  })

  test('leaves no place taken: more than the upstream has connections, and one more later', async () => {
    wrong = where
    const calls = Array.from({ length: 300 }, (_, index) => rig.call(`${search}${index}`))
    for (const { status } of await Promise.all(calls)) expect(status).toBe(500)
    wrong = null
    // An upstream with so many calls that wait, and silent for so long, would be left alone.
    clock.advance(5_000)
    expect((await rig.call(search)).status).toBe(200)
  })
})

function callLine(): Json | undefined {
  const lines = rig.log().trim().split('\n').map(parseJson)
  return lines.findLast((line) => textOf(line['msg']) === 'call')
}
