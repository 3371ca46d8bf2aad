#!/usr/bin/env node
// Checks the runtime before anything newer than it is parsed, and only then imports the rest.
import '../scripts/require-node.js'

const { existsSync } = await import('node:fs')
const built = new URL('../dist/src/main.js', import.meta.url)
const source = new URL('../src/main.ts', import.meta.url)
const { main } = await import((existsSync(source) ? source : built).href)
await main(process.argv)
