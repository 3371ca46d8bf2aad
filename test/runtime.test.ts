import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

/** Runs a file of the project as if on another version of Node. */
function runOn(version: string, file: string, ...rest: string[]) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`
  return spawnSync(process.execPath, ['--import', preload, file, ...rest], { encoding: 'utf8' })
}

const guard = 'scripts/require-node.js'

describe('the runtime', () => {
  test.each(['18.20.4', '20.20.2', '22.18.0'])(
    '%s is refused, and what to do is said',
    (version) => {
      const { status, stderr } = runOn(version, guard)
      expect(status).toBe(1)
      expect(stderr).toContain('Gatehouse needs Node 22.19 or newer')
      expect(stderr).toContain('npm install')
    },
  )

  test.each(['22.19.0', '24.1.0', '26.10.0'])('%s is taken', (version) => {
    expect(runOn(version, guard).status).toBe(0)
  })

  test('another one than the project’s own is taken, and named', () => {
    expect(runOn('24.1.0', guard).stderr).toContain('This is Node 24.1.0')
    expect(runOn(process.versions.node, guard).stderr).toBe('')
  })

  test('the command line checks it before it loads anything newer', () => {
    const { status, stderr } = runOn('20.20.2', 'bin/gatehouse.js', '--version')
    expect(status).toBe(1)
    expect(stderr).toContain('Gatehouse needs Node 22.19 or newer')
  })

  test('the guard and package.json name the same floor, and tests run on the project’s own', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
      engines: { node: string }
      devDependencies: { node: string }
    }
    expect(manifest.engines.node).toBe('>=22.19.0')
    expect(process.version).toBe(`v${manifest.devDependencies.node}`)
  })

  test('the lockfile names no download address', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved": "http/)
  })
})
