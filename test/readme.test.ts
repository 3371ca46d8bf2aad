import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { providers } from '../providers/index.ts'
import { parseConfig } from '../src/config/load.ts'
import { SIGNING_SECRET } from './support/rig.ts'

const readme = readFileSync('README.md', 'utf8')
const blocks = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml)

const env = {
  NEUROON_API_KEY: 'sk_00000000000000000000000000fa4e01',
  NECTOR_STOREFRONT_KEY: 'ak_readme_storefront_0001',
  NECTOR_SERVER_KEY: 'ak_readme_server_000002',
  NECTOR_WRITE_KEY: 'ak_readme_write_0000003',
  NECTOR_SIGNING_SECRET: SIGNING_SECRET,
  SESSION_SECRET: 'readme_session_secret_0123456789abcdef',
  SHOP_BACKEND_SHA256: 'c0ffee'.repeat(11).slice(0, 64),
}

describe('the README', () => {
  test('shows a smallest configuration and a complete one', () => {
    expect(blocks).toHaveLength(2)
    expect(blocks[0]?.split('\n').length).toBeLessThan(20)
  })

  test.each(blocks)('a configuration that it shows is accepted', (yaml) => {
    const config = parseConfig(yaml, { providers, env })
    expect(Object.keys(config.storefronts)).toEqual(['acme'])
  })

  test('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, target = '']) => target)
    expect(links.length).toBeGreaterThan(5)
    for (const link of links) expect(() => readFileSync(link), link).not.toThrow(/ENOENT/)
  })
})

test('docs/flow.md names files that exist', () => {
  const flow = readFileSync('docs/flow.md', 'utf8')
  const named = [...flow.matchAll(/`([\w/.-]+\.(?:ts|md))`/g)].map(([, path = '']) => path)
  const files = globSync('{src,providers,sandbox,test}/**/*.ts').map((path) =>
    path.replaceAll('\\', '/'),
  )
  // Beside another file of its folder, a file is named without it.
  const known = new Set(files.flatMap((path) => [path, path.replace('src/', ''), basename(path)]))
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((path) => !known.has(path))).toEqual([])
})
