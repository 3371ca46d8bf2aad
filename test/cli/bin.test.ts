import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { env, minimal } from '../support/config-text.ts'

const bin = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bin-'))

/** The fake provider's part of the file, rewritten for one that `main.ts` knows. */
const good = minimal
  .replace('acmeapi:', 'neuroon:')
  .replace('team: blue', 'shopId: shop_abc')
  .replace(/ +signingSecret.*\n/, '')

const check = (text: string, ...args: string[]) => {
  writeFileSync(join(directory, 'gatehouse.yaml'), text)
  const options = { cwd: directory, env: { ...process.env, ...env }, encoding: 'utf8' } as const
  return spawnSync(process.execPath, [bin, 'check', ...args], options)
}

describe('node bin/gatehouse.js check', () => {
  test('ends with 0 and prints the configuration when it is good', () => {
    const { status, stdout, stderr } = check(good)
    expect(stderr).toContain('gatehouse.yaml is valid')
    expect(stdout).toContain('shopId: shop_abc')
    expect(stdout).toContain('apiKey: "[secret]"')
    expect(status).toBe(0)
  })

  test('ends with 1 and one line per mistake when it is not', () => {
    const { status, stdout, stderr } = check(`workers: auto\n${good}`)
    expect(stderr).toBe(
      'gatehouse.yaml:1:10 workers: is not available in this version\ngatehouse.yaml has 1 mistake\n',
    )
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  })

  test('prints one whole JSON object into a pipe', () => {
    const { status, stdout, stderr } = check(good, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, mistakes: [] })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})
