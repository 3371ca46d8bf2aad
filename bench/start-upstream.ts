import { startChild } from './child.ts'
import type { Child } from './child.ts'
import { SIGNING_SECRET } from './gatehouse.ts'

/** The fast upstream that all peers share, in a process of its own. */
export function startUpstream(): Promise<Child> {
  const script = new URL('upstream.ts', import.meta.url).pathname
  return startChild([process.execPath, script, 'none'], { BENCH_SIGNING_SECRET: SIGNING_SECRET })
}
