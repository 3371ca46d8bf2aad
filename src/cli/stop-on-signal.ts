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
  if (process.env['npm_lifecycle_event'] !== undefined) whenOrphaned(once)
}

/**
 * A signal to `npm run` ends npm and the shell between, and never arrives here: what is left would
 * go on serving, with nobody knowing of it.
 */
function whenOrphaned(stop: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, 500)
  timer.unref()
}
