import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/admin/metrics.ts'
import type { Metrics } from '../../src/admin/metrics.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { ALICE, keys, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'
import { tupleOf } from '../tokens/kit.ts'

let rig: Rig
let text: string
beforeAll(async () => {
  rig = await startRig()
  const alice = await rig.session(ALICE.customer)
  for (let time = 0; time < 3; time += 1) {
    await rig.call('/api/widget/search?q=needle-1')
    await rig.call('/nector/api/v2/merchant/leads/me', { as: alice })
  }
  await rig.call('/nector/api/v2/merchant/leads/me')
  await rig.call('/nector/api/v2/merchant/leads/me', { as: await rig.session('needle-2') })
  await rig.call('/api/plugin/shops/shop_abc/products/needle-3', { as: keys.plugin })
  await rig.call('/needle-4')
  rig.neuroon.faults.cut({ path: /trending/ }, 'before-headers')
  await rig.call('/api/widget/trending')
  text = await (await fetch(`${rig.gateway.adminUrl}/metrics`)).text()
})
afterAll(() => rig.close())

describe('/metrics counts', () => {
  test.each([
    [
      'calls',
      'gatehouse_calls_total',
      { provider: 'neuroon', family: 'widget:search', status: '200', code: '', storefront: 'acme' },
      3,
    ],
    [
      'calls of shoppers',
      'gatehouse_calls_total',
      { provider: 'nector', family: 'customer', status: '200', code: '' },
      3,
    ],
    ['our own answers', 'gatehouse_calls_total', { provider: '', family: 'own', status: '201' }, 2],
    [
      'decisions by code',
      'gatehouse_calls_total',
      { provider: 'nector', code: 'policy/subject-required', status: '401' },
      1,
    ],
    [
      'paths that nobody lists',
      'gatehouse_calls_total',
      { code: 'policy/route-unknown', status: '404', provider: '' },
      1,
    ],
    [
      'failed exchanges',
      'gatehouse_calls_total',
      { code: 'tokens/customer-unknown', status: '404' },
      1,
    ],
    [
      'failures of the upstream',
      'gatehouse_calls_total',
      { code: 'upstream/unreachable', status: '502' },
      1,
    ],
    [
      'the upstream’s own errors',
      'gatehouse_calls_total',
      { family: 'plugin', code: '', status: '404' },
      1,
    ],
    [
      'mints',
      'gatehouse_token_events_total',
      { provider: 'neuroon', key: 'apiKey', event: 'minted' },
      1,
    ],
    [
      'exchanges that gave a token',
      'gatehouse_token_events_total',
      { provider: 'nector', key: 'storefront', event: 'exchanged' },
      1,
    ],
    [
      'learned accounts',
      'gatehouse_token_events_total',
      { provider: 'nector', event: 'account-learned' },
      1,
    ],
    [
      'mints that failed',
      'gatehouse_token_events_total',
      { provider: 'nector', event: 'mint-failed' },
      1,
    ],
    [
      'sessions by secret',
      'gatehouse_token_events_total',
      { storefront: 'acme', provider: 'session', key: 'secret', event: 'used' },
      4,
    ],
    ['exchanges sent', 'gatehouse_exchanges_total', { provider: 'nector', status: '200' }, 1],
    ['exchanges refused', 'gatehouse_exchanges_total', { provider: 'nector', status: '422' }, 1],
    ['kept tokens', 'gatehouse_kept', { what: 'tokens' }, 2],
    ['kept accounts', 'gatehouse_kept', { what: 'accounts' }, 1],
    ['time upstream', 'gatehouse_upstream_seconds_count', { provider: 'neuroon' }, 5],
    ['own time', 'gatehouse_own_seconds_count', { provider: 'neuroon' }, 5],
  ])('%s', (_what, name, labels, value) => {
    expect(sum(name, labels)).toBe(value)
  })

  test('own time against the upstream’s, in seconds', () => {
    const own = sum('gatehouse_own_seconds_sum', { provider: 'neuroon' })
    expect(own).toBeGreaterThan(0)
    expect(own).toBeLessThan(5)
    expect(sum('gatehouse_upstream_seconds_sum', { provider: 'neuroon' })).toBeGreaterThan(0)
  })
})

describe('each key has its time of last use', () => {
  const clock = createFakeClock()
  const at = (passed: number) => String(1_715_000_000 + passed)
  const none = () => ({ tokens: 0, accounts: 0 })

  async function linesOf(metrics: Metrics): Promise<string[]> {
    const page = await metrics.text()
    const lines = page.match(/^gatehouse_(?:key_last_used|token_events).*/gm) ?? []
    return lines.map((line) => line.replace('gatehouse_', '').replace('timestamp_seconds', ''))
  }

  test('on the wall clock, and nothing but use moves it', async () => {
    const metrics = createMetrics(clock, none)
    const [key, another] = [tupleOf(), tupleOf({ keyId: 'previousApiKey' })]
    metrics.token({ type: 'used', tuple: key })
    metrics.token({ type: 'used', tuple: another })
    clock.advance(1_500)
    metrics.token({ type: 'used', tuple: another })
    clock.advance(1_000)
    for (const type of ['rejected', 'minted'] as const) metrics.token({ type, tuple: key })
    metrics.sessionSecret('acme', 'previousSecret')
    metrics.sessionSecret('beta', 'secret')
    expect(await linesOf(metrics)).toEqual([
      'token_events_total{storefront="acme",provider="acmeapi",key="apiKey",event="used"} 1',
      'token_events_total{storefront="acme",provider="acmeapi",key="apiKey",event="rejected"} 1',
      'token_events_total{storefront="acme",provider="acmeapi",key="apiKey",event="minted"} 1',
      'token_events_total{storefront="acme",provider="acmeapi",key="previousApiKey",event="used"} 2',
      'token_events_total{storefront="acme",provider="session",key="previousSecret",event="used"} 1',
      'token_events_total{storefront="beta",provider="session",key="secret",event="used"} 1',
      `key_last_used_{storefront="acme",provider="acmeapi",key="apiKey"} ${at(0)}`,
      `key_last_used_{storefront="acme",provider="acmeapi",key="previousApiKey"} ${at(1.5)}`,
      `key_last_used_{storefront="acme",provider="session",key="previousSecret"} ${at(2.5)}`,
      `key_last_used_{storefront="beta",provider="session",key="secret"} ${at(2.5)}`,
    ])
  })

  test('once it has been used, and before there is no series', async () => {
    const metrics = createMetrics(clock, none)
    expect(await linesOf(metrics)).toEqual([])
    metrics.token({ type: 'rejected', tuple: tupleOf() })
    expect(await linesOf(metrics)).toHaveLength(1)
    expect(await metrics.text()).toContain('# TYPE gatehouse_key_last_used_timestamp_seconds gauge')
    expect(await metrics.text()).not.toContain('gatehouse_key_last_used_timestamp_seconds{')
  })
})

describe('/metrics holds', () => {
  test('nothing that a caller sent and no customer', () => {
    expect(text).not.toMatch(/needle/)
    for (const value of [ALICE.id, ALICE.customerId, ALICE.name]) expect(text).not.toContain(value)
  })

  test('a help line for each name', () => {
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1])
    expect(names.length).toBeGreaterThan(5)
    for (const name of names) {
      expect(name).toMatch(/^gatehouse_[a-z_]+$/)
      expect(text).toContain(`# HELP ${name} `)
    }
  })
})

describe('the admin listener', () => {
  test('is another one than the public one', async () => {
    expect((await rig.call('/metrics')).status).toBe(404)
    expect((await rig.call('/status')).status).toBe(404)
    expect((await fetch(`${rig.gateway.adminUrl}/api/widget/search?q=x`)).status).toBe(404)
  })

  test('says whether the gateway is ready', async () => {
    const answer = await fetch(`${rig.gateway.adminUrl}/status`)
    expect(await answer.json()).toMatchObject({ ready: true })
  })
})

/** Adds up the samples of a name that have at least these labels. */
function sum(name: string, labels: Readonly<Record<string, string | undefined>>): number {
  const wanted = Object.entries(labels).filter(([, value]) => value !== undefined)
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .filter((line) => wanted.every(([label, value]) => line.includes(`${label}="${value}"`)))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
