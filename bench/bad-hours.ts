/**
 * How ordinary calls fare at a fixed rate while somebody holds hundreds of connections without
 * using them, and while the upstream fails. Attackers search, and so do half of the ordinary calls;
 * the other half are shoppers' reads, which another provider answers.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { attacks, begin, JOINING } from './attack.ts'
import type { Child } from './child.ts'
import { CONNECTIONS } from './cost.ts'
import { startGatehouse } from './gatehouse.ts'
import { pace, saturate } from './load.ts'
import { anonymousSearch, callsOf, shopperRead } from './paths.ts'
import type { Path } from './paths.ts'
import { latencyOf } from './percentile.ts'
import { isQuick, say } from './setting.ts'
import type { Files } from './setting.ts'
import { shopperTokens } from './shopper-tokens.ts'
import { megabytes, spellLatency, table } from './table.ts'

const RATE = 1_000
const WARM_UP = isQuick ? 4_000 : 10_000
/** With the time in which attackers join, longer than the gateway bears with the slowest. */
const SECONDS = isQuick ? 3 : 10
const ATTACKERS = 300

const ordinary = [anonymousSearch, shopperRead]
const tokens = shopperTokens(0, 100)

export async function measureBadHours(upstream: Child): Promise<Files> {
  const child = await startGatehouse(upstream.url)
  await warmUp(child)
  const rows = [await hour('all is well', child)]
  for (const attack of attacks) {
    const end = begin(attack, child.port, ATTACKERS)
    await delay(JOINING)
    rows.push(await hour(`${ATTACKERS} ${attack.name}`, child))
    end()
  }
  await child.stop()
  for (const failure of failures) rows.push(await measureFailing(failure, upstream))
  const { row, breaker } = await measureAllFailing()
  const head = ['', 'search: p50 / p99 ms', 'shopper read: p50 / p99 ms', 'failed', 'RSS MB']
  return { 'bad-hours.md': `${table(head, [...rows, row])}\n${breaker}\n` }
}

/** One provider is in trouble; shoppers' reads go to the other one. */
async function measureFailing({ name, answer }: Failure, well: Child): Promise<string[]> {
  const failing = createServer((_request, response) => answer(response))
  await once(failing.listen(0, '127.0.0.1'), 'listening')
  const neuroon = `http://127.0.0.1:${(failing.address() as AddressInfo).port}`
  const child = await startGatehouse({ neuroon, nector: well.url })
  await saturate(loadOf(child, shopperRead), WARM_UP)
  const row = await hour(name, child)
  await child.stop()
  failing.closeAllConnections()
  failing.close()
  return row
}

interface Failure {
  readonly name: string
  readonly answer: (response: ServerResponse) => void
}

const failures: readonly Failure[] = [
  {
    name: 'the search provider answers 503',
    answer: (response) => void response.writeHead(503).end(),
  },
  { name: 'the search provider answers nothing', answer: () => undefined },
]

/** The upstream answers 503 to everything. */
async function measureAllFailing() {
  const askedAt: number[] = []
  const upstream = createServer((_request, response) => {
    askedAt.push(performance.now())
    response.writeHead(503).end()
  })
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  const child = await startGatehouse(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`)
  await pace(loadOf(child, anonymousSearch), RATE, 1)
  const within = (askedAt.at(-1) ?? NaN) - (askedAt[0] ?? NaN)
  const breaker = `Of the first ${RATE} searches in a second ${askedAt.length} reached the failing upstream, all within ${within.toFixed(0)} ms.`
  await warmUp(child)
  const row = await hour('the upstream answers 503', child)
  await child.stop()
  upstream.close()
  return { row, breaker }
}

async function hour(what: string, child: Child): Promise<string[]> {
  say(what)
  const results = await Promise.all(
    ordinary.map((path) => pace(loadOf(child, path), RATE / ordinary.length, SECONDS)),
  )
  const latencies = results.map((result) => spellLatency(latencyOf(result.latencies)))
  const failures = results.reduce((sum, result) => sum + result.failures, 0)
  return [what, ...latencies, `${failures} of ${RATE * SECONDS}`, megabytes(child.memory())]
}

async function warmUp(child: Child): Promise<void> {
  for (const path of ordinary) await saturate(loadOf(child, path), WARM_UP)
}

function loadOf({ port }: Child, path: Path) {
  return { port, connections: CONNECTIONS, next: callsOf(path, tokens) }
}
