// Says clearly which Node runs when it is too old, or not the one that a checkout brings: npm falls
// back to the machine's without a word when that one's install script was not allowed to run.
import { existsSync, readFileSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    [
      `Gatehouse needs Node 22.19 or newer; this is ${process.version} (${process.execPath}).`,
      'A checkout brings its own: "npm run …" and "npx node …" use it after an "npm install" without',
      '--ignore-scripts. If npm was told to skip install scripts, allow the package "node" (see',
      'allowScripts in package.json) and install again. Elsewhere install a newer Node.',
    ].join('\n'),
  )
  process.exit(1)
}

const at = (path) => new URL(path, import.meta.url)
if (existsSync(at('../src/main.ts'))) {
  const { devDependencies } = JSON.parse(readFileSync(at('../package.json'), 'utf8'))
  if (process.versions.node !== devDependencies.node) {
    console.error(
      `This is Node ${process.versions.node}, not the project's own ${devDependencies.node}: npm has not installed that one, or it is not first on the PATH.`,
    )
  }
}
