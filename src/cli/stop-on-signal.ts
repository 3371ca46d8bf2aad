/** The signals that ask a process to end. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Calls `stop` at the first of them. Every further signal is part of the first: under `npm run`,
 * Ctrl-C reaches the process twice, once from the terminal and once from npm, and only the second
 * would look like impatience.
 */
export function stopOnSignal(stop: () => void): void {
  let isStopping = false
  const once = () => {
    if (!isStopping) stop()
    isStopping = true
  }
  for (const signal of STOP_SIGNALS) process.on(signal, once)
}
