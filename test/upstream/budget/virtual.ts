import type { Clock } from '../../../src/clock.ts'
import type { Schedule } from '../../../src/upstream/budget/budget.ts'

/** Time that goes on only when it is told to, with what was put off until then. */
export interface VirtualTime {
  readonly clock: Clock
  readonly schedule: Schedule
  /** Lets time pass, step by step through what is due; promises settle between the steps. */
  pass(milliseconds: number): Promise<void>
}

export function createVirtualTime(): VirtualTime {
  let now = 1_000_000
  const due = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    clock: { now: () => now, monotonic: () => now },
    schedule(milliseconds, run) {
      const task = { at: now + milliseconds, run }
      due.add(task)
      return () => due.delete(task)
    },
    async pass(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        now = Math.max(now, next.at)
        due.delete(next)
        next.run()
        await settled()
      }
      now = end
      await settled()
    },
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}
