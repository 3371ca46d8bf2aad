/** Connections to a provider that are late, silent, reset and cut, by seeded schedules (F1–F3). */
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { startRig } from '../../support/rig.ts'
import type { Rig } from '../../support/rig.ts'
import { createRandom, startChaosProxy } from './chaos-proxy.ts'
import type { ChaosProxy, Mood } from './chaos-proxy.ts'

const DEADLINE = 10_000
/** The machines are small. */
const SLACK = 3_000
const trending = '/api/widget/trending'
const triggers = '/nector/api/v2/merchant/triggers'
/** Long enough to be broken in the middle. */
const whole = JSON.stringify({
  queries: Array.from({ length: 400 }, (_, index) => `query ${index}`),
})

let rig: Rig
let chaos: ChaosProxy
afterEach(async () => {
  await rig.close()
  await chaos.close()
})

/** The gateway calls Neuroon through the proxy. */
async function start(): Promise<void> {
  let target = ''
  chaos = await startChaosProxy(() => target)
  rig = await startRig({
    configure(yaml) {
      const [, url = ''] = /environment: (http:\S+)\s+shopId/.exec(yaml) ?? []
      target = url
      return yaml.replace(url, chaos.url)
    },
  })
}

interface Outcome {
  readonly what: 'whole' | 'problem' | 'broken' | 'short'
  readonly code: string
  readonly took: number
}

async function call(path: string): Promise<Outcome> {
  const startedAt = performance.now()
  const took = () => performance.now() - startedAt
  try {
    const answer = await request(rig.url + path)
    const text = await answer.body.text()
    if (answer.statusCode === 200) {
      return { what: text === whole ? 'whole' : 'short', code: '', took: took() }
    }
    const { code } = JSON.parse(text) as { code: string }
    return { what: 'problem', code, took: took() }
  } catch (error) {
    return { what: 'broken', code: String(error), took: took() }
  }
}

function moods(random: () => number): () => Mood {
  return () => {
    const kind = Math.floor(random() * 8)
    if (kind === 0) return { kind: 'silent' }
    if (kind === 1) return { kind: 'late', milliseconds: Math.floor(random() * 7_000) }
    if (kind === 2) return { kind: 'slow-close', milliseconds: Math.floor(random() * 3_000) }
    if (kind <= 4) return { kind: 'reset', afterBytes: Math.floor(random() * 8_000) }
    if (kind <= 6) return { kind: 'end', afterBytes: Math.floor(random() * 8_000) }
    return { kind: 'well' }
  }
}

describe.each([1, 2, 3, 4, 5])('schedule %i', (seed) => {
  test('every call ends in time, whole or as a failure that shows', async () => {
    await start()
    const random = createRandom(seed)
    chaos.setMoods(moods(random))
    rig.neuroon.faults.respond({}, { status: 200, headers: { 'set-cookie': [] }, body: whole })

    const outcomes: Promise<Outcome>[] = []
    const others: Promise<number>[] = []
    for (let index = 0; index < 120; index++) {
      // Searches, content that differs and content that may be kept.
      const path = [`/api/widget/search?q=${index}`, `${trending}?limit=${index % 10}`][index % 2]
      outcomes.push(call(path ?? trending))
      others.push(timeOf(`${triggers}?page=${index + 1}`))
      await sleep(random() * 60)
    }
    for (const { what, code, took } of await Promise.all(outcomes)) {
      expect(took).toBeLessThan(DEADLINE + SLACK)
      expect(what).not.toBe('short')
      if (what === 'problem') {
        expect(code).toMatch(/^upstream\/(unreachable|timeout|bad-response|circuit-open)$/)
      }
    }
    // The other provider is served as if nothing had happened.
    expect(Math.max(...(await Promise.all(others)))).toBeLessThan(2_000)

    // Well again within five seconds, and nothing broken has been kept.
    chaos.setMoods(() => ({ kind: 'well' }))
    await expect
      .poll(() => call('/api/widget/search?q=well').then(({ what }) => what), { timeout: 5_000 })
      .toBe('whole')
    await sleep(2_500)
    for (let index = 0; index < 10; index++) {
      expect((await call(`${trending}?limit=${index}`)).what).toBe('whole')
    }
  }, 120_000)
})

test('F1: a black hole is fast from the moment its failures have shown it', async () => {
  await start()
  chaos.setMoods(() => ({ kind: 'silent' }))
  const first = await Promise.all(
    Array.from({ length: 25 }, (_, i) => call(`/api/widget/search?q=${i}`)),
  )
  for (const { code, took } of first) {
    expect(code).toBe('upstream/timeout')
    expect(took).toBeLessThan(DEADLINE)
  }
  const next = await call('/api/widget/search?q=next')
  expect(next).toMatchObject({ what: 'problem', code: 'upstream/circuit-open' })
  expect(next.took).toBeLessThan(1_000)
})

async function timeOf(path: string): Promise<number> {
  const startedAt = performance.now()
  expect((await rig.call(path)).status).toBe(200)
  return performance.now() - startedAt
}
