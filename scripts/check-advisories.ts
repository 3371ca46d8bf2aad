/**
 * Holds the lockfile against `security/advisories.json`, the committed list of minimum safe
 * versions: machines without a network have no advisory feed, and `npm audit` is silent there.
 * A production dependency below its line fails; one of development fails unless it is listed as an
 * exception with a reason. Prints one line for each finding.
 */
import { readFileSync } from 'node:fs'
import { findings } from './advisories.ts'
import type { Advisories, Lockfile } from './advisories.ts'

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))

const found = findings(
  read('package-lock.json') as Lockfile,
  read('security/advisories.json') as Advisories,
)
for (const line of found) console.error(line)
if (found.length === 0) console.log('no dependency is below its minimum safe version')
process.exitCode = found.length === 0 ? 0 : 1
