import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/**
 * Whether there is a browser to test with. A developer without one gets a clear line and skipped
 * tests; where `CI` is set, a missing browser is a failure and nothing is skipped.
 */
export function hasChromium(): boolean {
  if (existsSync(executablePath)) return true
  const message = `The browser tests need ${executablePath} (Debian: apt-get install chromium).`
  if (process.env['CI'] === 'true') throw new Error(message)
  process.stderr.write(`${message} They are skipped.\n`)
  return false
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
