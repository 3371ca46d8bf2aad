import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { env, minimal } from '../support/config-text.ts'
import { fakeProvider } from '../support/fake-provider.ts'
import { runCommand } from '../support/terminal.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-check-'))
const put = (name: string, text: string) => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}
const run = (...args: string[]) =>
  runCommand(['check', ...args], { providers: [fakeProvider], env })

describe('check, of a good configuration', () => {
  const file = put('good.yaml', minimal)

  test('prints what it understood as YAML, with secrets as [secret], and ends with 0', async () => {
    const { out, code } = await run('--config', file)
    expect(code).toBe(0)
    expect(parse(out)).toMatchObject({
      listen: { host: '0.0.0.0', port: 8080 },
      shutdown: { wait: '2s', deadline: '10s' },
      storefronts: {
        acme: {
          identity: [{ type: 'session', secret: '[secret]', ttl: '1h' }],
          providers: { acmeapi: { apiKey: '[secret]', signingSecret: '[secret]', team: 'blue' } },
        },
      },
    })
  })

  test('warns on standard error', async () => {
    const { err } = await run('-c', file)
    expect(err).toContain('warning: store.type: is memory')
    expect(err).toContain(`${file} is valid, with 2 warnings\n`)
  })

  test('prints one JSON object and nothing else with --json', async () => {
    const { out, err, code } = await run('--config', file, '--json')
    expect({ err, code }).toEqual({ err: '', code: 0 })
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      config: { shutdown: { wait: 2000 }, storefronts: { acme: {} } },
      warnings: [{ path: 'listen.trustedProxies' }, { path: 'store.type' }],
      mistakes: [],
    })
  })

  test('shows no secret in any of it', async () => {
    const printed = JSON.stringify([await run('-c', file), await run('-c', file, '--json')])
    for (const secret of Object.values(env)) expect(printed).not.toContain(secret)
  })
})

describe('check, of a configuration with mistakes', () => {
  const file = put('bad.yaml', `workers: 2\n${minimal.replace('ACME_KEY', 'NOBODY')}`)
  const lines = [
    `${file}:1:10 workers: is not available in this version`,
    `${file}:12:17 storefronts.acme.providers.acmeapi.apiKey: the environment variable NOBODY is not set`,
  ]

  test('prints one line for each on standard error, and ends with 1', async () => {
    const { out, err, code } = await run('--config', file)
    expect(err).toBe(`${lines.join('\n')}\n${file} has 2 mistakes\n`)
    expect({ out, code }).toEqual({ out: '', code: 1 })
  })

  test('puts them into the JSON object with --json', async () => {
    const { out, err, code } = await run('--config', file, '--json')
    expect({ err, code }).toEqual({ err: '', code: 1 })
    expect(JSON.parse(out)).toEqual({
      ok: false,
      config: null,
      warnings: [],
      mistakes: [
        { file, line: 1, column: 10, path: 'workers', message: 'is not available in this version' },
        expect.objectContaining({ line: 12, path: 'storefronts.acme.providers.acmeapi.apiKey' }),
      ],
    })
  })
})

test('check looks for gatehouse.yaml when no file is named', async () => {
  const { err, code } = await run()
  expect(err).toBe('gatehouse.yaml:1:1 the file does not exist\ngatehouse.yaml has 1 mistake\n')
  expect(code).toBe(1)
})
