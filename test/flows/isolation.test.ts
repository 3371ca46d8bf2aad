/** One provider or one storefront in trouble does not slow the others. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startRig } from '../support/rig.ts'
import type { Answer, Rig } from '../support/rig.ts'

const search = '/api/widget/search?q=tent'
const trending = '/api/widget/trending'
const triggers = '/nector/api/v2/merchant/triggers'
const acme = { host: 'acme.example' }
const other = { host: 'other.example' }

let rig: Rig
beforeEach(async () => {
  rig = await startRig({ configure: twoStorefronts })
})
afterEach(() => rig.close())

/** The same shop twice, under two hosts: they share a provider’s key, and nothing else. */
function twoStorefronts(yaml: string): string {
  const [top = '', storefront = ''] = yaml.split('storefronts:\n')
  const second = storefront
    .replace('  acme:', '  other:')
    .replace("['*']", '[other.example]')
    .replace('session_secret_for-tests-only_0123456789', 'another_secret_for-tests-only_987654321')
  return `${top}storefronts:\n${storefront.replace("['*']", '[acme.example]')}${second}`
}

/** So many calls that are never answered; they are cut off with the rig. */
function hang(count: number, path: string): void {
  for (let index = 0; index < count; index++) {
    rig.call(`${path}&n=${index}`, { headers: acme }).catch(() => undefined)
  }
}

async function timed(call: Promise<Answer>): Promise<number> {
  const startedAt = performance.now()
  expect((await call).status).toBe(200)
  return performance.now() - startedAt
}

describe('a black hole behind one family of routes of one storefront', () => {
  beforeEach(async () => {
    rig.neuroon.faults.delay({ path: /search\?q=hole/ }, 60_000)
    hang(600, '/api/widget/search?q=hole')
    await new Promise((resolve) => setTimeout(resolve, 300))
  })

  test.each([
    ['the other storefront, on the same route', search, other],
    ['another family of the same storefront', trending, acme],
    ['the other provider', triggers, acme],
  ])('does not slow %s', async (_what, path, headers) => {
    const took = []
    for (let index = 0; index < 20; index++) {
      took.push(await timed(rig.call(path, { headers })))
    }
    // The black hole would take five seconds; generous, because the machine is small.
    expect(Math.max(...took)).toBeLessThan(3_000)
  })
})

test('a circuit that is open for one storefront is closed for the other', async () => {
  rig.neuroon.faults.respond({ path: /search/ }, { status: 503, body: '{}', times: 20 })
  for (let index = 0; index < 20; index++) await rig.call(search, { headers: acme })
  expect((await rig.call(search, { headers: acme })).json).toMatchObject({
    code: 'upstream/circuit-open',
  })
  expect((await rig.call(search, { headers: other })).status).toBe(200)
})

test('a storefront that shares a key with another shares its quota, and is served its half', async () => {
  await rig.close()
  rig = await startRig({
    configure: (yaml) =>
      twoStorefronts(
        yaml.replace('        budget: off\n', '        budget: { calls: 10, per: 1m }\n'),
      ),
  })
  const served = { acme: 0, other: 0 }
  for (let index = 0; index < 10; index++) {
    if ((await rig.call(search, { headers: acme })).status === 200) served.acme += 1
    if ((await rig.call(search, { headers: other })).status === 200) served.other += 1
  }
  expect(served).toEqual({ acme: 5, other: 5 })
})
