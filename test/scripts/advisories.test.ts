import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findings, isSafe } from '../../scripts/advisories.ts'
import type { Advisories, Lockfile } from '../../scripts/advisories.ts'
import { fixedLines, runtimeWarning } from '../../src/runtime.ts'

const list = JSON.parse(readFileSync('security/advisories.json', 'utf8')) as Advisories
const installed = (path: string, version: string, dev = false): Lockfile => ({
  packages: { '': {}, [path]: { version, dev } },
})

describe('the committed advisories', () => {
  test('say why, for every package and every exception', () => {
    for (const { why } of Object.values(list.packages)) expect(why.length).toBeGreaterThan(10)
    for (const { reason } of list.exceptions) expect(reason.length).toBeGreaterThan(20)
  })

  test('find nothing in what is installed', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['scripts/check-advisories.ts'],
      {
        encoding: 'utf8',
      },
    )
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('no dependency is below')
  })

  test.each([
    ['8.8.9', false],
    ['8.9.0', true],
    ['8.12.4', true],
    ['7.28.9', false],
    ['7.30.2', true],
    ['5.29.0', false],
    ['9.0.0', true],
  ])('undici %s is safe: %s', (version, expected) => {
    expect(isSafe(version, list.packages['undici'] ?? { safe: {} })).toBe(expected)
  })

  test.each(['node_modules/undici', 'node_modules/@fastify/reply-from/node_modules/undici'])(
    'see an old one at %s',
    (path) => {
      expect(findings(installed(path, '7.1.0'), list)).toEqual([
        expect.stringMatching(/^undici 7\.1\.0 is not safe \(/),
      ])
    },
  )

  test('take an exception for exactly its version, and never for what is shipped', () => {
    const [exception] = list.exceptions
    expect(findings(installed('node_modules/node', exception?.version ?? '', true), list)).toEqual(
      [],
    )
    expect(
      findings(installed('node_modules/node', exception?.version ?? '', false), list).length,
    ).toBe(1)
    expect(findings(installed('node_modules/node', '26.9.0', true), list).length).toBe(1)
  })
})

describe('the runtime', () => {
  test('is judged by the same lines as the advisories', () => {
    expect(fixedLines).toEqual(list.packages['node']?.safe)
  })

  test.each(['22.23.3', '24.22.0', '26.12.0', '26.10.0', '23.11.0', '25.9.9', '20.20.2'])(
    '%s is warned about at start',
    (version) => expect(runtimeWarning(version)).toContain(version),
  )

  test.each(['22.23.4', '22.24.0', '24.22.1', '26.12.1', '26.13.0', '27.0.0', '28.1.0'])(
    '%s is not',
    (version) => expect(runtimeWarning(version)).toBeNull(),
  )
})
