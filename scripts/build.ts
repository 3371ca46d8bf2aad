// Makes dist/: the JavaScript of src/, providers/ and sandbox/ with what it reads at run time, and
// the command beside it. The folder is whole: together with node_modules it runs from anywhere.
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const dist = new URL('dist/', root)
const tsc = fileURLToPath(new URL('node_modules/@typescript/native/bin/tsc', root))

// First of all, so that nothing stale is left, and nothing at all where the build fails.
rmSync(dist, { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [tsc, '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(status ?? 1)

for (const path of ['bin/gatehouse.js', 'scripts/require-node.js', 'sandbox/storefront']) {
  cpSync(new URL(path, root), new URL(path, dist), { recursive: true })
}
const { name, version, type } = JSON.parse(
  readFileSync(new URL('package.json', root), 'utf8'),
) as Record<string, unknown>
writeFileSync(new URL('package.json', dist), `${JSON.stringify({ name, version, type })}\n`)
