/** The demo shop, as a shopper uses it in a real browser. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../sandbox/start.ts'
import { startScannedSandbox } from '../support/scanned-sandbox.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import { visit } from './visit.ts'
import type { Visit } from './visit.ts'

const ALMA = { id: '1001', name: 'Alma Castro', balance: '2,380' }
const JONAS = { id: '1002', name: 'Jonas Weber', balance: '640' }
const NOAH = { id: '1004', name: 'Noah Martin' }

describe.skipIf(!hasChromium())('the demo shop', () => {
  let sandbox: Sandbox
  let browser: Browser
  let shop: Visit
  let page: Page

  beforeAll(async () => {
    sandbox = await startScannedSandbox()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser.close()
    await sandbox.stop()
  })

  async function open(
    path = '/',
    options: BrowserContextOptions = {},
    url = sandbox.shopUrl,
  ): Promise<void> {
    shop = await visit(browser, sandbox, options)
    page = shop.page
    await page.goto(url + path)
    await page.locator('main[aria-busy]').waitFor({ state: 'detached' })
    await page.locator('#club:not([aria-busy]) h2').waitFor()
  }

  /** Every test ends here: whatever it did, nothing leaked and nothing went elsewhere. */
  afterEach(async () => {
    expect(await shop.end()).toEqual([])
    const known = new Set([sandbox.shopUrl, otherUrl(), sandbox.gatewayUrl])
    expect([...shop.origins].filter((origin) => !known.has(origin))).toEqual([])
  })

  const otherUrl = () => sandbox.shopUrl.replace('127.0.0.1', 'localhost')
  const club = () => page.getByRole('complementary', { name: 'Fern Club' })
  const main = () => page.getByRole('main')
  const field = () => page.getByRole('combobox', { name: 'Search products' })
  const account = () => page.locator('#account-button')

  async function logIn({ name }: { name: string }): Promise<void> {
    await account().click()
    await page.getByRole('button', { name }).and(page.locator('.choice')).click()
    await page.locator('#account-menu').waitFor({ state: 'hidden' })
    await page.locator('#club:not([aria-busy]) h2').waitFor()
  }

  async function search(query: string): Promise<void> {
    await field().fill(query)
    await field().press('Enter')
    await page.waitForURL((url) => url.searchParams.get('q') === query)
    await page.locator('main[aria-busy]').waitFor({ state: 'detached' })
  }

  const balance = () => club().locator('#balance').textContent()

  test('shows products, trending searches and the club to a guest', async () => {
    await open()
    expect(await main().getByRole('listitem').count()).toBe(12)
    expect(await main().getByRole('button', { name: 'rain jacket' }).isVisible()).toBe(true)
    expect(await club().textContent()).toContain('Place an order')
    expect(await account().textContent()).toBe('Log in')
    const broken = await page
      .locator('.card img')
      .evaluateAll((all) => all.filter((image) => Reflect.get(image, 'naturalWidth') === 0).length)
    expect(broken).toBe(0)
    expect(shop.complaints).toEqual([])
  })

  test('finds products, filters them, and goes back', async () => {
    await open()
    await search('coffee')
    expect(await main().getByRole('heading', { level: 1 }).textContent()).toBe(
      '10 results for “coffee”',
    )
    await main().getByRole('button', { name: 'Outdoor' }).click()
    await expect.poll(() => main().getByRole('listitem').count()).toBe(1)
    await page.goBack()
    await expect.poll(() => main().getByRole('listitem').count()).toBe(10)
    await page.goBack()
    await expect
      .poll(() => main().getByRole('heading', { level: 1 }).textContent())
      .toMatch(/^For the trail/)
    expect(await field().inputValue()).toBe('')
    expect(shop.complaints).toEqual([])
  })

  test('suggests while typing, and takes the keyboard', async () => {
    await open()
    await field().pressSequentially('gri')
    const suggestions = page.getByRole('listbox', { name: 'Suggestions' })
    await suggestions.waitFor()
    expect(await field().getAttribute('aria-expanded')).toBe('true')
    await field().press('ArrowDown')
    const active = await field().getAttribute('aria-activedescendant')
    expect(await page.locator(`#${active}`).textContent()).toBe('Hand Grinder')
    await field().press('Enter')
    await suggestions.waitFor({ state: 'hidden' })
    await expect
      .poll(() => main().getByRole('heading', { level: 3 }).allTextContents())
      .toEqual(['Hand Grinder'])

    await field().fill('tent')
    await suggestions.waitFor()
    await field().press('Escape')
    expect(await suggestions.isVisible()).toBe(false)
    expect(shop.complaints).toEqual([])
  })

  test('says so when nothing is found, with what was typed as text', async () => {
    await open()
    const query = '<img src=x onerror=alert(1)> surfboard'
    await search(query)
    expect(await main().getByRole('heading', { level: 1 }).textContent()).toBe(
      `Nothing found for “${query}”`,
    )
    expect(await page.getByRole('status').textContent()).toBe(`Nothing found for “${query}”`)
    await main()
      .getByRole('button', { name: 'mug' })
      .or(main().locator('.chip').first())
      .first()
      .click()
    await expect.poll(() => main().getByRole('listitem').count()).toBeGreaterThan(0)
    expect(shop.complaints).toEqual([])
  })

  test('opens a product with what others say about it', async () => {
    await open('/?q=daypack')
    await main().getByRole('link', { name: 'Larch 28 Daypack' }).click()
    const dialog = page.getByRole('dialog', { name: 'Larch 28 Daypack' })
    await dialog.getByText('My everyday backpack').waitFor()
    await page.keyboard.press('Escape')
    expect(await dialog.isVisible()).toBe(false)
    const clicks = sandbox.neuroon.received.filter(({ path }) => path.endsWith('/track/click'))
    expect(clicks.at(-1)).toMatchObject({ status: 200 })
    expect(shop.complaints).toEqual([])
  })

  test('opens the address of a product', async () => {
    await open('/products/gooseneck-kettle')
    await page.getByRole('dialog', { name: 'Gooseneck Kettle' }).waitFor()
    expect(shop.complaints).toEqual([])
  })

  test('logs in, shows what is the shopper’s, switches and logs out', async () => {
    await open()
    await logIn(ALMA)
    expect(await account().textContent()).toContain(ALMA.name)
    expect(await balance()).toBe(ALMA.balance)
    expect(await club().textContent()).toContain('Oak tier')
    expect(await club().textContent()).toContain('Order 1103')
    await club().getByRole('button', { name: 'Show all 12' }).click()
    await club().getByText('Welcome to the club').waitFor()

    await logIn(JONAS)
    expect(await balance()).toBe(JONAS.balance)
    expect(await club().textContent()).not.toContain(ALMA.name)

    await account().click()
    await page.getByRole('button', { name: 'Log out' }).click()
    await expect.poll(() => account().textContent()).toBe('Log in')
    await expect.poll(() => club().textContent()).toContain('Log in to see yours')
    expect(await club().locator('#balance').count()).toBe(0)
    expect(shop.complaints).toEqual([])
  })

  test('ends the session at the gateway when the shopper logs out', async () => {
    await open()
    const answered = page.waitForResponse((response) => response.url().endsWith('/account/login'))
    await logIn(ALMA)
    const { session } = await (await answered).json()
    await account().click()
    await page.getByRole('button', { name: 'Log out' }).click()
    await expect.poll(() => account().textContent()).toBe('Log in')
    const answer = await fetch(`${sandbox.gatewayUrl}/session`, {
      headers: { authorization: `Bearer ${session.token}` },
    })
    expect(answer.status).toBe(401)
    expect(shop.complaints).toEqual([])
  })

  test('keeps the shopper over a reload, and the token out of what scripts can find', async () => {
    await open()
    await logIn(ALMA)
    await page.reload()
    await expect.poll(balance).toBe(ALMA.balance)
    const kept = await page.evaluate(
      'document.cookie + JSON.stringify([localStorage, sessionStorage])',
    )
    expect(kept).toBe('[{},{}]')
    expect(shop.complaints).toEqual([])
  })

  test('tells a shopper who is not enrolled how the club works', async () => {
    await open()
    await logIn(NOAH)
    expect(await club().textContent()).toContain('You are not in the club yet, Noah')
    expect(await club().textContent()).toContain('Place an order')
    // The 404 is the answer; a browser writes every one of them to its console.
    const others = shop.complaints.filter((text) => !/ 404 .*\/leads\/me$/.test(text))
    expect(others).toEqual([])
  })

  test('renews the session before it ends', async () => {
    await open()
    await page.clock.install()
    await logIn(ALMA)
    const renewed = page.waitForResponse((answer) => answer.url().endsWith('/account/session'))
    await page.clock.fastForward('55:01')
    expect((await renewed).status()).toBe(200)
    expect(shop.complaints).toEqual([])
  })

  test('asks its backend for another session when the gateway refuses the one it has', async () => {
    await open()
    const answered = page.waitForResponse((answer) => answer.url().endsWith('/account/login'))
    await logIn(JONAS)
    const { session } = await (await answered).json()
    await fetch(`${sandbox.gatewayUrl}/session`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${session.token}` },
    })
    const renewed = page.waitForResponse((answer) => answer.url().endsWith('/account/session'))
    await club().getByRole('button', { name: 'Show all 12' }).click()
    expect((await renewed).status()).toBe(200)
    await club().getByText('Welcome to the club').waitFor()
    const others = shop.complaints.filter((text) => !/ 401 .*\/wallettransactions/.test(text))
    expect(others).toEqual([])
  })

  test('says that it cannot be reached, and recovers', async () => {
    await open()
    await page.route(`${sandbox.gatewayUrl}/**`, (route) => route.abort())
    await field().fill('tent')
    await field().press('Enter')
    await main().getByText('We cannot be reached right now').waitFor()
    await page.unroute(`${sandbox.gatewayUrl}/**`)
    await main().getByRole('button', { name: 'Try again' }).click()
    await main().getByRole('link', { name: 'Two-Season Tent' }).waitFor()
  })

  test('shows developers every call, and that no provider key was in it', async () => {
    await open()
    await logIn(ALMA)
    await page.locator('#developer summary').click()
    const strip = page.getByRole('region', { name: 'Calls of this page' })
    const rows = await strip.locator('tbody tr').allTextContents()
    expect(rows.some((row) => row.includes('GET /nector/api/v2/merchant/leads/me'))).toBe(true)
    expect(rows.some((row) => row.includes('POST /account/login'))).toBe(true)
    expect(rows.every((row) => row.endsWith('none'))).toBe(true)
    expect(await page.locator('#developer summary').textContent()).toContain(
      'no provider key in any',
    )
  })

  test('would show developers a provider key', async () => {
    await open()
    const json = { searchLogId: 'sl_1', products: [], oops: `sk_${'0'.repeat(32)}` }
    await page.route('**/api/widget/search?*', (route) =>
      route.fulfill({ json, headers: { 'access-control-allow-origin': sandbox.shopUrl } }),
    )
    await search('tent')
    const summary = await page.locator('#developer summary').textContent()
    expect(summary).toContain('a provider key in 1')
  })

  test('works under its other name', async () => {
    await open('/?q=mug', {}, otherUrl())
    await main().getByRole('link', { name: 'Stoneware Mug' }).waitFor()
    await logIn(ALMA)
    expect(await balance()).toBe(ALMA.balance)
    expect(shop.origins).toContain(otherUrl())
    expect(shop.complaints).toEqual([])
  })

  test('fits a phone, in the dark too', async () => {
    await open('/', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
    await logIn(ALMA)
    await expect
      .poll(() => page.getByRole('link', { name: 'Fern Club' }).textContent())
      .toBe(`Fern Club · ${ALMA.balance} leaves`)
    const sideways = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    expect(sideways).toBe(0)
    expect(shop.complaints).toEqual([])
  })
})
