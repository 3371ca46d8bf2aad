/**
 * What 100 000 known shoppers cost in memory, each with an account and a live lead token:
 * `node --expose-gc test/nightly/memory.ts`. Exits with 1 above 100 MB (design §3.4).
 */
import { createCrowd } from '../tokens/in-process.ts'

const SHOPPERS = 100_000
const MOST = 100

const crowd = createCrowd({ isSilent: true })
await crowd.call('first')
const idle = await heap()
for (let from = 0; from < SHOPPERS; from += 1_000) {
  const customers = Array.from({ length: 1_000 }, (_value, index) =>
    String(5_000_000 + from + index),
  )
  await Promise.all(customers.map((customer) => crowd.call(customer)))
}
const used = ((await heap()) - idle) / 1_000_000
process.stdout.write(`${SHOPPERS} shoppers: ${used.toFixed(1)} MB above idle\n`)
if (used > MOST) process.exitCode = 1
// Still in use here, so that nothing of it was collected before it was counted.
await crowd.call('last')

async function heap(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('run it with node --expose-gc')
  for (let round = 0; round < 5; round += 1) {
    await new Promise(setImmediate)
    Reflect.apply(globalThis.gc, globalThis, [])
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
