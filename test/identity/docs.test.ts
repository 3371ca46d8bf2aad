import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { providers } from '../../providers/index.ts'
import { parseConfig } from '../../src/config/load.ts'
import { checkConfig } from '../../src/config/warnings.ts'

const page = readFileSync(new URL('../../docs/identity.md', import.meta.url), 'utf8')
const examples = [
  ...page.matchAll(/\n### ([^\n]+)\n(?:(?!\n###? )[\s\S])*?```yaml\n([\s\S]*?)```/g),
]
const shops = examples.map(([, shop = '', yaml = '']) => ({ shop, yaml }))

/** Whatever the examples refer to, each with a value of its own. */
const env = new Proxy<NodeJS.ProcessEnv>(
  {},
  {
    get: (_target, name) =>
      String(name).endsWith('SHA256')
        ? `${'0123456789abcdef'.repeat(3)}${Buffer.from(String(name)).toString('hex').slice(0, 16)}`
        : `${String(name).toLowerCase()}-9f86d081884c7d659a2feaa0c55ad015`,
    has: () => true,
    getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
  },
)

test('there is a configuration for each platform', () => {
  expect(shops.map(({ shop }) => shop)).toEqual([
    'Shopify online store',
    'Hydrogen',
    'WooCommerce',
    'Custom shop',
    'Mobile app',
  ])
})

test.each(shops)('$shop: the configuration works', ({ yaml }) => {
  const config = parseConfig(yaml, { providers, env })
  const [storefront] = Object.values(config.storefronts)
  expect(storefront?.identity.length).toBeGreaterThan(0)
  const doubts = checkConfig(config, providers).map(({ path }) => path)
  expect(doubts.filter((path) => /identity|origins|allow|triggers/.test(path))).toEqual([])
})
