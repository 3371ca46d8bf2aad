/**
 * `npm run bench`: Gatehouse beside its peers, what grows, and bad hours, against one upstream.
 * `npm run bench -- growth` is one part alone, `--quick` a short look at it.
 */
import { measureBadHours } from './bad-hours.ts'
import { compare } from './comparison.ts'
import { measureGrowth } from './growth.ts'
import { writeResults } from './setting.ts'
import { startUpstream } from './start-upstream.ts'

const parts = { peers: compare, growth: measureGrowth, 'bad-hours': measureBadHours }

const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const upstream = await startUpstream()
for (const [name, measure] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  writeResults(await measure(upstream))
}
await upstream.stop()
