/**
 * Answers that nobody asked for (threats T6): a misbehaving upstream, a busy event loop, and the
 * whole gateway in between. Bare undici gives the next shopper the other one's answer;
 * the gateway never does (docs/decisions/0006-answers-nobody-asked-for.md).
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Pool } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/clock.ts'

const ROUNDS = 20
/** To show that the set-up is one in which it goes wrong; on a busy machine not quite each time. */
const FEW = 8
const UNASKED = 'somebody else’s'

interface RawUpstream {
  readonly port: string
  /** A file that grows by a byte with each unasked answer that was sent. */
  readonly told: string
}

let folder: string
const upstreams = new Map<string, RawUpstream>()
const children: ChildProcess[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-unasked-'))
  const made =
    'req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1'
  execFileSync('openssl', made.split(' '), { cwd: folder, stdio: 'pipe' })
  const files = ['key.pem', 'cert.pem'].map((name) => join(folder, name))
  upstreams.set('http', await startUpstream([]))
  upstreams.set('https', await startUpstream(files))
  // Trusted as an operator would: the gateway itself has no way to look away.
  setDefaultCACertificates([...getCACertificates(), readFileSync(join(folder, 'cert.pem'), 'utf8')])
})
afterAll(() => {
  for (const child of children) child.kill()
  setDefaultCACertificates(getCACertificates('bundled'))
  rmSync(folder, { recursive: true, force: true })
})
afterEach(() => {
  vi.doUnmock('../../../src/upstream/reused-sockets.ts')
  vi.resetModules()
})

async function startUpstream(files: readonly string[]): Promise<RawUpstream> {
  const script = join(import.meta.dirname, 'unasked-upstream.ts')
  const told = join(folder, `told-${children.length}`)
  writeFileSync(told, '')
  const child = spawn(process.execPath, [script, told, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { port: line.toString().trim(), told }
}

describe.each(['http', 'https'] as const)('over %s', (scheme) => {
  test('bare undici gives the unasked answer to the next call', async () => {
    const pool = new Pool(`${scheme}://127.0.0.1:${upstreamOf(scheme).port}`, { connections: 1 })
    const get = async (path: string) => (await pool.request({ method: 'GET', path })).body.text()
    const wrong = await countWrong(
      FEW,
      () => get('/first'),
      () => {
        setImmediate(() => block(scheme))
        return get('/second')
      },
    )
    await pool.destroy()
    expect(wrong).toBeGreaterThan(FEW / 2)
  })

  test('so would the gateway without its guard', async () => {
    vi.doMock('../../../src/upstream/reused-sockets.ts', () => ({
      watchReusedSockets: () => () => undefined,
    }))
    expect(await wrongThroughGateway(scheme, FEW)).toBeGreaterThan(FEW / 2)
  })

  test('the gateway does not, not once', async () => {
    expect(await wrongThroughGateway(scheme, ROUNDS)).toBe(0)
  })
})

async function wrongThroughGateway(scheme: string, rounds: number): Promise<number> {
  vi.resetModules()
  const { startRig } = await import('../../support/rig.ts')
  let isArmed = false
  const clock = {
    now: () => systemClock.now(),
    monotonic() {
      // The call is being served: the loop is kept busy before it can be written.
      if (isArmed) setImmediate(() => block(scheme))
      isArmed = false
      return systemClock.monotonic()
    },
  }
  const rig = await startRig({
    clock,
    configure: (yaml) =>
      yaml.replace(
        /environment: \S+\n(\s+)shopId/,
        `environment: ${scheme}://127.0.0.1:${upstreamOf(scheme).port}\n$1shopId`,
      ),
  })
  const get = async (word: string) => (await rig.call(`/api/widget/search?q=${word}`)).text
  const wrong = await countWrong(
    rounds,
    () => get('first'),
    () => {
      isArmed = true
      return get('second')
    },
  )
  await rig.close()
  return wrong
}

/** Of so many calls, those that got the unasked answer to the one before them. */
async function countWrong(
  rounds: number,
  first: () => Promise<string>,
  second: () => Promise<string>,
): Promise<number> {
  const answers: string[] = []
  while (answers.length < rounds) {
    if ((await first()) !== 'asked for') continue
    await delay(5)
    const answer = await second()
    // A loop that is kept busy may shed a call; that proves nothing and is made again.
    if (!answer.includes('downstream/overloaded')) answers.push(answer)
    // What is still on its way goes by.
    await delay(60)
  }
  expect(answers.filter((answer) => answer !== 'asked for' && answer !== UNASKED)).toEqual([])
  return answers.filter((answer) => answer === UNASKED).length
}

/** Keeps the loop busy until the unasked answer to the last call lies in our socket, unread. */
function block(scheme: string): void {
  const { told } = upstreamOf(scheme)
  const before = statSync(told).size
  // On a slow machine it may have been told before anybody looked.
  const end = systemClock.monotonic() + 300
  while (statSync(told).size === before && systemClock.monotonic() < end);
}

function upstreamOf(scheme: string): RawUpstream {
  const upstream = upstreams.get(scheme)
  if (upstream === undefined) throw new Error(`no upstream speaks ${scheme}`)
  return upstream
}
