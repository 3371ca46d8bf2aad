/**
 * `npm run bench:profile`: where the CPU time of a call goes, by function. With `search`, of an
 * anonymous search; otherwise of a shopper's read.
 */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startGatehouse } from './gatehouse.ts'
import { saturate } from './load.ts'
import { anonymousSearch, callsOf, shopperRead } from './paths.ts'
import { shopperTokens } from './shopper-tokens.ts'
import { startUpstream } from './start-upstream.ts'

const CALLS = 40_000
const SHOWN = 50

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface Frame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

async function record(): Promise<Profile> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-profile-'))
  const upstream = await startUpstream()
  const options = ['--cpu-prof', '--cpu-prof-dir', folder]
  const child = await startGatehouse(upstream.url, 1, options)
  const path = process.argv.includes('search') ? anonymousSearch : shopperRead
  const next = callsOf(path, shopperTokens(0, 100))
  await saturate({ port: child.port, connections: 50, next }, CALLS)
  process.kill(child.pid, 'SIGTERM')
  await Promise.race([child.ended.catch(() => undefined), delay(10_000)])
  await upstream.stop()
  const [file = ''] = readdirSync(folder)
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile
}

/** Microseconds in each function itself, start-up included. */
function selfTimes({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  samples.forEach((id, at) => {
    const name = names.get(id) ?? ''
    if (name !== '(idle)') times.set(name, (times.get(name) ?? 0) + (timeDeltas[at] ?? 0))
  })
  return times
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  if (url === '') return functionName
  return `${functionName || '(anonymous)'} ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`
}

const times = [...selfTimes(await record())].sort(([, one], [, other]) => other - one)
const total = times.reduce((sum, [, time]) => sum + time, 0)
process.stdout.write(`${(total / CALLS).toFixed(1)} µs per call, start-up included\n`)
for (const [name, time] of times.slice(0, SHOWN)) {
  const perCall = (time / CALLS).toFixed(2).padStart(7)
  process.stdout.write(`${perCall} µs ${((time / total) * 100).toFixed(1).padStart(5)} % ${name}\n`)
}
