import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createKey } from '../../src/cli/key.ts'
import { parseConfig } from '../../src/config/load.ts'
import { env, minimal } from '../support/config-text.ts'
import { fakeProvider } from '../support/fake-provider.ts'
import { runCommand } from '../support/terminal.ts'

const providers = [fakeProvider]
const run = (...args: string[]) => runCommand(['key', 'create', ...args], { providers })

describe('key create', () => {
  test('prints a key once, and its hash', async () => {
    const { out, err, code } = await run('--id', 'shop-backend')
    const keys = out.match(/gh_[A-Za-z0-9_-]{43}/g) ?? []
    expect({ keys: keys.length, err, code }).toEqual({ keys: 1, err: '', code: 0 })
    expect(out).toContain(`sha256: ${hash('sha256', keys[0] ?? '', 'hex')}\n`)
  })

  test('prints YAML that can be pasted into a configuration', async () => {
    const { out } = await run('--id', 'shop-backend', '--scopes', 'session, acmeapi:orders')
    const snippet = out.slice(out.indexOf('  - type')).replaceAll(/^/gm, '    ')
    const config = parseConfig(
      minimal.replace('identity:\n', `identity:\n${snippet.trimEnd()}\n`),
      {
        providers,
        env,
      },
    )
    expect(parse(snippet)).toMatchObject([{ type: 'service-key' }])
    expect(config.storefronts['acme']?.identity[0]).toMatchObject({
      keys: [{ id: 'shop-backend', scopes: ['session', 'acmeapi:orders'] }],
    })
  })

  test('never makes the same key twice', () => {
    expect(new Set(Array.from({ length: 100 }, createKey)).size).toBe(100)
  })

  test.each([
    [[], "required option '--id <id>' not specified"],
    [['--id', 'shop backend'], 'It must be letters, digits, dots, dashes, underscores.'],
    [['--id', ''], 'It must be letters'],
    [['--id', 'x', '--scopes', 'orders'], 'The scopes are session, acmeapi:orders.'],
    [['--id', 'x', '--scopes', ''], 'The scopes are session, acmeapi:orders.'],
  ])('with %j makes none and says why', async (args, message) => {
    const { out, err, code } = await run(...args)
    expect({ out, code }).toEqual({ out: '', code: 1 })
    expect(err).toContain(message)
  })
})
