/** What `npm pack` makes, installed into an empty folder and run there as its users would. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createNeuroonEmulator } from '../../sandbox/emulators/neuroon.ts'

const run = promisify(execFile)
const MINUTE = 60_000
/** Without what whoever runs the tests may have said about compiled code. */
const env = {
  ...process.env,
  NODE_COMPILE_CACHE: undefined,
  NODE_DISABLE_COMPILE_CACHE: undefined,
}

const SHOP_KEY = 'sk_00000000000000000000000000fa4e02'
const ORIGIN = 'https://www.acme.example'
const neuroon = createNeuroonEmulator({
  shops: [{ shopId: 'shop_abc', apiKey: SHOP_KEY, url: ORIGIN }],
})

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-package-'))
const installed = join(folder, 'node_modules/@gatehouse/gateway')
const bin = join(folder, 'node_modules/.bin/gatehouse')

beforeAll(async () => {
  await neuroon.listen()
  await npm('pack', '--pack-destination', folder)
  const tarballs = globSync('*.tgz', { cwd: folder })
  expect(tarballs).toHaveLength(1)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier']
  await npm('install', '--prefix', folder, '--prefer-offline', ...quiet, join(folder, ...tarballs))
  writeFileSync(join(folder, 'gatehouse.yaml'), configuration())
}, 5 * MINUTE)

afterAll(async () => {
  await neuroon.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the package', () => {
  test('holds the build and what people read, and neither source nor tests', () => {
    const top = globSync('*', { cwd: installed }).toSorted()
    expect(top).toEqual(
      [
        'README.md',
        'bin',
        'dist',
        'gatehouse.schema.json',
        'openapi.yaml',
        'package.json',
        'scripts',
      ].toSorted(),
    )
    const sources = globSync('**/*.ts', { cwd: installed }).filter(
      (path) => !path.endsWith('.d.ts'),
    )
    expect(sources).toEqual([])
    expect(existsSync(join(installed, 'dist/test'))).toBe(false)
  })

  test('has types and a source map, which carries its source, beside each file of the build', () => {
    const code = globSync('dist/{src,providers}/**/*.js', { cwd: installed })
    expect(code.length).toBeGreaterThan(100)
    for (const path of code.map((path) => join(installed, path))) {
      expect(existsSync(path.replace(/\.js$/, '.d.ts')), path).toBe(true)
      const map = JSON.parse(readFileSync(`${path}.map`, 'utf8')) as { sourcesContent?: string[] }
      expect(map.sourcesContent, path).toHaveLength(1)
    }
  })

  test('brings every file that it exports', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      exports: Record<string, string>
    }
    for (const path of Object.values(manifest.exports)) {
      expect(existsSync(join(installed, path)), path).toBe(true)
    }
  })
})

describe('the installed command', () => {
  test('tells its version', async () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect((await gatehouse('--version')).stdout).toBe(`${manifest.version}\n`)
  })

  test('checks a configuration', async () => {
    const { stdout, stderr } = await gatehouse('check')
    expect(stderr).toContain('gatehouse.yaml is valid')
    expect(stdout).toContain('shopId: shop_abc')
    expect(stdout).not.toContain(SHOP_KEY)
  })

  test('starts, is ready, forwards a call with the shop’s credential, and ends with 0', async () => {
    const { url, stop } = await running(['start'], /"url":"(?<url>[^"]+)".*"msg":"ready"/)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    const before = neuroon.received.length
    const answer = await fetch(`${url}/api/widget/search?q=tent`)
    expect({ status: answer.status, calls: neuroon.received.length - before }).toEqual({
      status: 200,
      calls: 1,
    })
    expect(await stop()).toBe(0)
  })

  test('runs the sandbox, whose page comes with its scripts and styles', async () => {
    const { url, stop } = await running(['sandbox', '--port', '0'], /Demo shop +(?<url>http:\S+)/)
    const page = await (await fetch(url)).text()
    const linked = [...page.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg))"/g)]
    expect(linked.length).toBeGreaterThan(1)
    for (const [, path = ''] of linked) expect((await fetch(url + path)).status, path).toBe(200)
    expect(await stop()).toBe(0)
  })

  test('keeps compiled code within itself', () => {
    expect(existsSync(join(installed, 'dist/.cache'))).toBe(true)
  })
})

test('the build runs where it was made, and a checkout runs its source even beside one', async () => {
  const loaded = async (entry: string): Promise<string> => {
    const spy = `import { registerHooks } from 'node:module'
      registerHooks({ load(url, context, next) {
        if (/\\/src\\/main\\.[jt]s$/.test(url)) console.error(url)
        return next(url, context)
      } })`
    const preload = `data:text/javascript,${encodeURIComponent(spy)}`
    const args = ['--import', preload, entry, '--version']
    return (await run(process.execPath, args, { timeout: MINUTE })).stderr.trim()
  }
  expect(await loaded('dist/bin/gatehouse.js')).toMatch(/\/dist\/src\/main\.js$/)
  expect(await loaded('bin/gatehouse.js')).toBe(`file://${resolve('src/main.ts')}`)
})

async function npm(...args: readonly string[]): Promise<void> {
  await run('npm', args, { timeout: 3 * MINUTE })
}

function gatehouse(...args: readonly string[]) {
  return run(process.execPath, [bin, ...args], { cwd: folder, env, timeout: MINUTE })
}

interface Running {
  readonly url: string
  /** Resolves with the exit code. */
  readonly stop: () => Promise<number | null>
}

/** A command that goes on until it is stopped; `announcement` finds its address in what it prints. */
async function running(args: readonly string[], announcement: RegExp): Promise<Running> {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += String(chunk)))
  child.stderr.on('data', (chunk) => (printed += String(chunk)))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  await expect.poll(() => printed, { timeout: MINUTE }).toMatch(announcement)
  return {
    url: announcement.exec(printed)?.groups?.['url'] ?? '',
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

function configuration(): string {
  return `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
shutdown: { wait: 0s, deadline: 5s }
storefronts:
  acme:
    hosts: ['*']
    origins: [${ORIGIN}]
    providers:
      neuroon: { environment: "${neuroon.url}", shopId: shop_abc, apiKey: "${SHOP_KEY}" }
`
}
