import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { env, minimal } from '../support/config-text.ts'
import { runGateway } from '../support/gateway-command.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bin-'))

/** The fake provider's part of the file, rewritten for one that `main.ts` knows. */
const good = minimal
  .replace('acmeapi:', 'neuroon:')
  .replace('team: blue', 'shopId: shop_abc')
  .replace(/ +signingSecret.*\n/, '')

const check = async (text: string, ...args: string[]) => {
  writeFileSync(join(directory, 'gatehouse.yaml'), text)
  const command = runGateway(['check', ...args], { cwd: directory, env, secrets: env })
  const { code } = await command.ended
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

describe('gatehouse check, as it is run', () => {
  test('ends with 0 and prints the configuration when it is good', async () => {
    const { code, stdout, stderr } = await check(good)
    expect(stderr).toContain('gatehouse.yaml is valid')
    expect(stdout).toContain('shopId: shop_abc')
    expect(stdout).toContain('apiKey: "[secret]"')
    expect(code).toBe(0)
  })

  test('ends with 1 and one line per mistake when it is not', async () => {
    const { code, stdout, stderr } = await check(`workers: auto\n${good}`)
    expect(stderr).toBe(
      'gatehouse.yaml:1:10 workers: is not available in this version\ngatehouse.yaml has 1 mistake\n',
    )
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test('prints one whole JSON object into a pipe', async () => {
    const { code, stdout, stderr } = await check(good, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, mistakes: [] })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})
