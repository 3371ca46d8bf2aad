/** The check with which every rig closes: it sees what is planted, in every form and place. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ALICE, keys, SERVER_KEY, SESSION_SECRET, SHOP_KEY, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'

const search = '/api/widget/search?q='
let rig: Rig
let isClosed = false
beforeEach(async () => {
  rig = await startRig()
  isClosed = false
})
afterEach(async () => {
  if (!isClosed) await rig.close()
})

/** The end of a rig in which something was planted. */
async function expectLeak(line: string): Promise<void> {
  isClosed = true
  await expect(rig.close()).rejects.toThrow(line)
}

/** Neuroon repeats something to whoever searches: bodies are passed on as they are. */
async function repeat(body: string | (() => AsyncIterable<string>)): Promise<void> {
  rig.neuroon.faults.respond({}, { status: 200, headers: { 'content-type': 'text/html' }, body })
  await rig.call(`${search}planted`)
}

test('a rig in which nothing leaked closes', async () => {
  await rig.call('/widget-token', { as: keys.backend })
  await rig.call(`${search}tent`)
  await rig.call('/api/v2/merchant/leads/me', { as: await rig.session(ALICE.customer) })
  expect(rig.leaks()).toEqual([])
})

describe('a rig does not close that has leaked', () => {
  const forms: readonly (readonly [string, (secret: string) => string])[] = [
    ['as it is', (secret) => secret],
    ['in base64', (secret) => Buffer.from(secret).toString('base64')],
    ['in base64url', (secret) => Buffer.from(secret).toString('base64url')],
    ['in hex', (secret) => Buffer.from(secret).toString('hex')],
    ['percent-encoded', (secret) => secret.replaceAll('_', '%5F')],
  ]
  const neuroonKey = 'storefronts.acme.providers.neuroon.apiKey'

  test.each(forms)('a key in a body, %s', async (_form, encode) => {
    await repeat(`before ${encode(SHOP_KEY)} after`)
    await expectLeak(`${neuroonKey} in the answer to GET /api/widget/search`)
  })

  test('a key in two chunks of a body', async () => {
    await repeat(async function* () {
      yield SHOP_KEY.slice(0, 20)
      yield SHOP_KEY.slice(20)
    })
    await expectLeak(`${neuroonKey} in the answer to GET /api/widget/search`)
  })

  test('a key in a header', async () => {
    const headers = { 'content-language': SERVER_KEY }
    rig.neuroon.faults.respond({}, { status: 200, headers, body: '{}' })
    await rig.call(`${search}planted`)
    await expectLeak('nector.keys.server.apiKey in the answer to GET /api/widget/search')
  })

  test('a key in the log', async () => {
    rig.gateway.crashed(Object.assign(new Error(), { code: SHOP_KEY }))
    await expectLeak(`${neuroonKey} in the log`)
  })

  test('a secret on the page of the metrics', async () => {
    await rig.close()
    rig = await startRig({ configure: (yaml) => yaml.replace('acme:', `${SESSION_SECRET}:`) })
    await rig.call(`${search}tent`)
    await expectLeak('in the answer to GET /metrics')
  })

  test('the service key of a caller', async () => {
    await repeat(keys.backend)
    await expectLeak('backend in the answer to GET /api/widget/search')
  })

  test('what a caller only tried as its proof', async () => {
    await rig.call(`${search}tent`, { as: 'gh_a-key-that-nobody-knows' })
    await repeat('gh_a-key-that-nobody-knows')
    await expectLeak('what GET /api/widget/search was called with in the answer to')
  })

  test('the session of somebody, on another route than the one that made it', async () => {
    await repeat(await rig.session(ALICE.customer))
    await expectLeak(
      'what the answer to POST /session gave in the answer to GET /api/widget/search',
    )
  })

  test.each(['x-leaddigest', 'x-leadtoken', 'x-widget-token'])(
    'a %s that was sent',
    async (name) => {
      await rig.call(`${search}tent`)
      await rig.call('/api/v2/merchant/coupons', { as: await rig.session(ALICE.customer) })
      const sent = [...rig.nector.received, ...rig.neuroon.received]
      const value = sent.flatMap(({ headers }) => headers[name] ?? [])[0] ?? ''
      expect(value).not.toBe('')
      await repeat(value)
      await expectLeak(`${name} in the answer to GET /api/widget/search`)
    },
  )

  test('a key towards an upstream where it has no business', async () => {
    await (await fetch(`${rig.neuroon.url}/api/widget/search?q=${SHOP_KEY}`)).text()
    await expectLeak('GET /api/widget/search: a shop API key in target')
  })
})
