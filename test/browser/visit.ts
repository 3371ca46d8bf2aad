import type { Browser, BrowserContextOptions, Page, Request } from 'playwright-core'
import { expect } from 'vitest'
import type { Sandbox } from '../../sandbox/start.ts'
import { leaksIn } from '../sandbox/leaks.ts'

/** One visit to the demo shop, with everything that a browser could complain about. */
export interface Visit {
  readonly page: Page
  /** What the console said, and errors that nobody caught. */
  readonly complaints: readonly string[]
  /** Origins that the page has asked for anything. */
  readonly origins: ReadonlySet<string>
  /** Ends the visit: the secrets that were in any request or answer of it, by name and place. */
  end(): Promise<string[]>
}

export async function visit(
  browser: Browser,
  sandbox: Sandbox,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(8_000)
  const complaints = collectComplaints(page)
  const origins = new Set<string>()
  const open = new Set<Request>()
  const found: Promise<string[]>[] = []

  page.on('request', (request) => {
    open.add(request)
    origins.add(new URL(request.url()).origin)
  })
  page.on('requestfailed', (request) => open.delete(request))
  page.on('requestfinished', (request) => {
    open.delete(request)
    found.push(secretsIn(request, sandbox))
  })
  return {
    page,
    complaints,
    origins,
    async end() {
      await expect.poll(() => open.size).toBe(0)
      const secrets = await Promise.all(found)
      await context.close()
      return secrets.flat()
    },
  }
}

function collectComplaints(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`)
  })
  return complaints
}

async function secretsIn(request: Request, sandbox: Sandbox): Promise<string[]> {
  const response = await request.response()
  const texts = [
    request.url(),
    request.postData() ?? '',
    JSON.stringify(await request.allHeaders()),
    JSON.stringify(await response?.allHeaders()),
    // A redirect or a preflight has none.
    (await response?.text().catch(() => '')) ?? '',
  ]
  const serviceKeys = Object.values(sandbox.keys.service)
  return texts
    .flatMap((text) => [
      ...leaksIn(text, sandbox.keys),
      ...serviceKeys.filter((key) => text.includes(key)).map(() => 'a service key'),
    ])
    .map((name) => `${name} in ${request.method()} ${request.url()}`)
}
