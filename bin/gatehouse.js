#!/usr/bin/env node
// Checks the runtime before anything newer than it is parsed, and only then imports the rest: the
// source where there is one (a checkout, even beside a build), else the build this file came with.
import '../scripts/require-node.js'

const { existsSync } = await import('node:fs')
const { enableCompileCache } = await import('node:module')
const { fileURLToPath } = await import('node:url')

const places = ['../src/main.ts', '../src/main.js', '../dist/src/main.js']
const start = places.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url))
if (start === undefined) throw new Error('There is no build: run "npm run build".')
// Within the build and not in /tmp, Node's choice, where anybody could plant code for us to run.
// Where it cannot be written there is none; NODE_COMPILE_CACHE and its like have the last word.
if (start.pathname.endsWith('.js')) enableCompileCache(fileURLToPath(new URL('../.cache', start)))
const { main } = await import(start.href)
await main(process.argv)
