/**
 * What a call leaves behind is collected while it is young. Where many calls wait at once, V8 may
 * take their objects for long-lived and put those of every later call among the old ones, where
 * collecting them costs ten times as much (`ENGINE_FLAGS` in `src/cli/start.ts`).
 */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { SIGNING_SECRET, writeConfiguration } from '../../bench/gatehouse.ts'
import { saturate } from '../../bench/load.ts'
import { callsOf, shopperRead } from '../../bench/paths.ts'
import { median } from '../../bench/percentile.ts'
import { shopperTokens } from '../../bench/shopper-tokens.ts'
import { startUpstream } from '../../bench/start-upstream.ts'
import { runGateway } from '../support/gateway-command.ts'
import type { GatewayCommand } from '../support/gateway-command.ts'

/** Says how large the old generation is, each time it gets the signal. */
const PROBE = `
import { getHeapSpaceStatistics } from 'node:v8'
process.on('SIGWINCH', () => {
  const old = getHeapSpaceStatistics().filter((space) => !space.space_name.startsWith('new'))
  const bytes = old.reduce((sum, space) => sum + space.space_used_size, 0)
  process.stderr.write('old generation: ' + bytes + '\\n')
})
`
/** V8 decides by itself what will live long. */
const NO_FLAG = `
import v8 from 'node:v8'
import { syncBuiltinESMExports } from 'node:module'
const set = v8.setFlagsFromString
v8.setFlagsFromString = (flag) => flag.includes('pretenuring') || set(flag)
syncBuiltinESMExports()
`

const SAMPLES = 12
const CALLS = 1_000
/** Connections that call a gateway that has just started, all at once. */
const CROWD = 1_500
/** Bytes a call. What is left is compiled code and the tables that a few hundred calls outgrow. */
const MOST = 2_000

test('a call leaves next to nothing in the old generation', async () => {
  expect(await growth(PROBE)).toBeLessThan(MOST)
})

test('planted: without our flag it does', async () => {
  expect(await growth(NO_FLAG + PROBE)).toBeGreaterThan(2 * MOST)
})

/** Bytes by which a call enlarges the old generation, in the median: collections shrink it. */
async function growth(preload: string): Promise<number> {
  const upstream = await startUpstream()
  onTestFinished(() => upstream.stop())
  const file = writeConfiguration(upstream.url, 1)
  const secrets = { signing: SIGNING_SECRET }
  const gateway = runGateway(['start', '--config', file], { secrets, preload })
  onTestFinished(() => gateway.kill('SIGKILL'))
  const port = Number(new URL((await gateway.ready).url).port)
  const next = callsOf(shopperRead, shopperTokens(0, 100))
  await saturate({ port, connections: CROWD, next }, 20 * CALLS)

  const grown: number[] = []
  let before = await oldGeneration(gateway)
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const { failures } = await saturate({ port, connections: 50, next }, CALLS)
    expect(failures).toBe(0)
    const after = await oldGeneration(gateway)
    grown.push((after - before) / CALLS)
    before = after
  }
  gateway.kill('SIGTERM')
  await gateway.ended
  return median(grown)
}

async function oldGeneration(gateway: GatewayCommand): Promise<number> {
  const sizes = () => [...gateway.stderr().matchAll(/old generation: (\d+)\n/g)]
  const said = sizes().length
  gateway.kill('SIGWINCH')
  while (sizes().length === said) await delay(10)
  return Number(sizes().at(-1)?.[1])
}
