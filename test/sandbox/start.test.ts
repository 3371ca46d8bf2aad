import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../sandbox/start.ts'
import { startScannedSandbox } from '../support/scanned-sandbox.ts'
import { readCurlLine } from './curl-line.ts'
import type { CurlRequest } from './curl-line.ts'
import { leaksIn } from './leaks.ts'

let sandbox: Sandbox
let log = ''

beforeAll(async () => {
  sandbox = await startScannedSandbox({ log: (text) => (log += text) })
})

afterAll(() => sandbox.stop())

interface Answered {
  readonly status: number
  /** Head and body. */
  readonly text: string
  readonly body: string
}

async function run({ url, method, headers, body }: CurlRequest): Promise<Answered> {
  const answer = await fetch(url, { method, headers, ...(body === null ? {} : { body }) })
  const text = await answer.text()
  return { status: answer.status, text: `${[...answer.headers].join('\n')}\n${text}`, body: text }
}

/** The printed lines, each with the status that is printed above it. */
function printed(): { title: string; status: number; line: string }[] {
  const pattern = /^# (.+) → (\d{3})\n(.+)$/gm
  return [...sandbox.summary.matchAll(pattern)].map(([, title = '', status, line = '']) => ({
    title,
    status: Number(status),
    line,
  }))
}

async function runPrinted(): Promise<Map<string, Answered>> {
  const answers = new Map<string, Answered>()
  const variables: Record<string, string> = {}
  for (const { title, line } of printed()) {
    const answer = await run(readCurlLine(line, variables))
    answers.set(title, answer)
    if (line.includes('SESSION=')) variables['SESSION'] = JSON.parse(answer.body).token
  }
  return answers
}

describe('the printed lines', () => {
  test('are everything that was printed as an example', () => {
    expect(printed()).toHaveLength(sandbox.examples.length)
    expect(sandbox.summary.match(/\bcurl -/g)).toHaveLength(sandbox.examples.length)
  })

  test('answer as they say', async () => {
    const answers = await runPrinted()
    const statuses = [...answers].map(([title, { status }]) => `${title} → ${status}`)
    expect(statuses).toEqual(printed().map(({ title, status }) => `${title} → ${status}`))
  })

  test('show what the sandbox is there to show', async () => {
    const answers = await runPrinted()
    const shown = [...answers].map(([title, { status, body }]) => {
      const { code } = JSON.parse(body)
      return [title, code === undefined ? status : `${status} ${code}`]
    })
    expect(Object.fromEntries(shown)).toEqual({
      'Search, as anybody': 200,
      'The same where a search widget expects it': 200,
      'What others search for': 200,
      'The same again: it is kept, and Neuroon is not asked': 200,
      'The shop’s backend makes a session for a shopper': 201,
      'Whose session it is': 200,
      'The shopper’s own loyalty data': 200,
      'The shopper’s own transactions': 200,
      'The same without a session': '401 policy/subject-required',
      'A shopper may not give themselves coins': '403 policy/write-not-allowed',
      'The shop’s backend may': 200,
      'What nobody listed does not exist': '404 policy/route-unknown',
      'Product sync with a key that lacks the scope': '403 policy/scope-missing',
      'Product sync with the plugin’s key': 200,
      'A widget token, for rendering on the server': 200,
    })
    expect(answers.get('The shopper’s own loyalty data')?.body).toContain('shopify-1001')
    expect(answers.get('Search, as anybody')?.body).toContain('Gooseneck Kettle')
  })

  test('refuse the unlisted path before anything leaves', async () => {
    const before = sandbox.nector.received.length
    const { line } = printed().find(({ status }) => status === 404) ?? { line: '' }
    await run(readCurlLine(line, {}))
    expect(sandbox.nector.received).toHaveLength(before)
  })

  test('would be caught with a key in them, however it is written', () => {
    const { keys } = sandbox
    const hidden = Buffer.from(keys.provider.signingSecret).toString('base64url')
    const text = `${keys.provider.shop} ${hidden}`
    expect(leaksIn(text, keys)).toEqual(['shop', 'signingSecret'])
  })

  test('show an answer that is kept', async () => {
    const kept = (await runPrinted()).get('The same again: it is kept, and Neuroon is not asked')
    expect(kept?.text).toMatch(/^cache-status,gatehouse; hit$/m)
    expect(kept?.text).not.toMatch(/^set-cookie/m)
  })

  test('hold the shop’s service keys, and the log does not', async () => {
    await runPrinted()
    expect(sandbox.summary).toContain(sandbox.keys.service.backend)
    // What is in it is scanned when the sandbox stops.
    expect(log).toContain('"msg":"call"')
  })

  test.runIf(existsSync('/usr/bin/curl'))('work in a shell with curl itself', async () => {
    const script = printed()
      .map(({ line }) => line)
      .join('\n')
    const { stdout } = await promisify(execFile)('sh', ['-c', script])
    const statuses = [...stdout.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status)
    expect(statuses).toEqual(printed().map(({ status }) => String(status)))
    expect(leaksIn(stdout, sandbox.keys)).toEqual([])
  })
})

describe('the sandbox', () => {
  test('makes other keys at each start', async () => {
    const other = await startScannedSandbox()
    await other.stop()
    const all = [sandbox, other].flatMap(({ keys }) => [
      ...Object.values(keys.provider),
      ...Object.values(keys.service),
      keys.sessionSecret,
    ])
    expect(new Set(all).size).toBe(all.length)
  })

  test('does not end as if nothing were, once a key has come out', async () => {
    const leaky = await startScannedSandbox()
    const { shop } = leaky.keys.provider
    leaky.neuroon.faults.respond({ path: /search/ }, { status: 200, body: { shop } })
    await (await fetch(`${leaky.gatewayUrl}/api/widget/search?q=tent`)).text()
    await expect(leaky.stop()).rejects.toThrow('shop in the answer to GET /api/widget/search')
  })

  test('listens on loopback alone', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
    const { gatewayUrl, adminUrl, shopUrl, neuroon, nector } = sandbox
    const urls = [gatewayUrl, adminUrl, shopUrl, neuroon.url, nector.url]
    expect(urls.map((url) => new URL(url).hostname)).toEqual(urls.map(() => '127.0.0.1'))
    for (const { address } of outside) {
      const reached = urls.map((url) => isReached(address, Number(new URL(url).port)))
      expect(await Promise.all(reached)).toEqual(urls.map(() => false))
    }
  })

  test('answers nobody who got here under another name', async () => {
    const headers = { host: 'evil.example' }
    const shop = await request(sandbox.shopUrl, { headers })
    const gateway = await request(`${sandbox.gatewayUrl}/session`, { headers })
    await Promise.all([shop.body.dump(), gateway.body.dump()])
    expect([shop.statusCode, gateway.statusCode]).toEqual([421, 421])
  })

  test('prints a line for each call, for people', async () => {
    let text = ''
    const other = await startScannedSandbox({ print: (line) => (text += line) })
    expect(text).toBe('')
    await fetch(`${other.gatewayUrl}/nector/api/v2/merchant/wallettransactions`)
    await other.stop()
    expect(text).toMatch(/401 {2}GET .*wallettransactions .*policy\/subject-required\n$/)
  })

  test('says at once that its port is taken, and leaves nothing behind', async () => {
    const port = Number(new URL(sandbox.gatewayUrl).port)
    const start = startScannedSandbox({ port })
    await expect(start).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('content is asked for once and then kept', () => {
  const merchant = '/nector/api/v2/merchant'
  test.each([
    '/api/widget/suggestions?q=kettle',
    '/api/widget/trending?limit=3',
    `${merchant}/reviews?limit=2`,
    `${merchant}/triggers`,
  ])('%s', async (path) => {
    const read = () => fetch(sandbox.gatewayUrl + path)
    const first = await read()
    const before = sandbox.neuroon.received.length + sandbox.nector.received.length
    const saved = await savedCalls()
    const second = await read()
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.headers.get('cache-status')).toBe('gatehouse; hit')
    expect(await second.text()).toBe(await first.text())
    expect(sandbox.neuroon.received.length + sandbox.nector.received.length).toBe(before)
    expect(await savedCalls()).toBe(saved + 1)
  })

  /** Calls that were answered from what is kept, as the operator sees them. */
  async function savedCalls(): Promise<number> {
    const page = await (await fetch(`${sandbox.adminUrl}/metrics`)).text()
    const counts = page.matchAll(/^gatehouse_calls_saved_total\{.*how="hit".*\} (\d+)$/gm)
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
  }
})

describe('the demo shop’s backend', () => {
  const login = (shopper: string, headers: Record<string, string> = { origin: sandbox.shopUrl }) =>
    fetch(`${sandbox.shopUrl}/account/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ shopper }),
    })

  test('200: gives its page a session of the shopper who logged in', async () => {
    const answer = await login('1002')
    const { session } = (await answer.json()) as { session: { token: string } }
    const me = await fetch(`${sandbox.gatewayUrl}/session`, {
      headers: { authorization: `Bearer ${session.token}` },
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Strict$/)
    expect(await me.json()).toMatchObject({ customer: { id: '1002' } })
  })

  test('200: renews the session of the shopper in the cookie', async () => {
    const cookie = (await login('1003')).headers.get('set-cookie')?.split(';')[0] ?? ''
    const answer = await fetch(`${sandbox.shopUrl}/account/session`, {
      method: 'POST',
      headers: { cookie, origin: sandbox.shopUrl },
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ shopper: '1003', session: {} })
  })

  test('400: nobody has this account', async () => {
    const answer = await login('9999')
    expect(answer.status).toBe(400)
  })

  test('401: nobody is logged in', async () => {
    const answer = await fetch(`${sandbox.shopUrl}/account/session`, {
      method: 'POST',
      headers: { origin: sandbox.shopUrl },
    })
    expect(answer.status).toBe(401)
  })

  test('403: another page asks, or no page', async () => {
    const answers = await Promise.all([
      login('1001', { origin: 'https://evil.example' }),
      login('1001', {}),
    ])
    expect(answers.map(({ status }) => status)).toEqual([403, 403])
  })

  test('404: what is not part of the page', async () => {
    const paths = ['/keys.ts', '/../keys.ts', '/%2e%2e/keys.ts', '/pictures', '/..%5ckeys.ts']
    const statuses = await Promise.all(paths.map((path) => statusOf(sandbox.shopUrl, path)))
    expect(statuses).toEqual(paths.map(() => 404))
  })

  test('nothing it hands out holds a key', async () => {
    const paths = ['/', '/shop.js', '/gateway.js', '/account.js', '/shop.json']
    const texts = await Promise.all(
      paths.map(async (path) => (await fetch(sandbox.shopUrl + path)).text()),
    )
    const { backend, plugin } = sandbox.keys.service
    expect(texts.flatMap((text) => leaksIn(text, sandbox.keys))).toEqual([])
    expect(texts.join('')).not.toContain(backend)
    expect(texts.join('')).not.toContain(plugin)
  })
})

/** The path as it is given; `fetch` and undici tidy it up before they send it. */
function statusOf(url: string, path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const question = get({ hostname, port, path }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    question.once('error', reject)
  })
}

function isReached(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 })
    const end = (isReached: boolean) => {
      socket.destroy()
      resolve(isReached)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })
}
