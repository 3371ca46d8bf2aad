/**
 * One piece of work at a time for each key: whoever asks while it runs shares its result or its
 * error. The work belongs to no caller, so one that hangs up cancels nothing.
 */
export interface SingleFlight<Result> {
  run(key: string, work: () => Promise<Result>): Promise<Result>
  isRunning(key: string): boolean
}

export function createSingleFlight<Result>(): SingleFlight<Result> {
  const running = new Map<string, Promise<Result>>()
  return {
    isRunning: (key) => running.has(key),
    run(key, work) {
      const shared = running.get(key)
      if (shared !== undefined) return shared
      const started = work().finally(() => running.delete(key))
      running.set(key, started)
      return started
    },
  }
}
