import { destination } from 'pino'
import type { LogTarget } from '../log.ts'

/** Characters that are written together. */
const PIECE = 48_000
/** The longest that a line waits. Milliseconds. */
const LONGEST_WAIT = 200

export interface BufferedOutput extends LogTarget {
  /** Writes what is held now. For lines that somebody waits for. */
  flush(): void
}

/**
 * Standard output for log lines, a hundred or so at a time: a write for each would cost more than
 * all the rest of a call. They are joined here, because sonic-boom below measures everything it
 * holds anew for each piece it is given. What is left is written when the process ends.
 */
export function bufferedOutput(): BufferedOutput {
  const output = destination({ dest: 1, sync: false })
  let lines: string[] = []
  let size = 0
  const flush = (): void => {
    if (lines.length > 0) output.write(lines.join(''))
    lines = []
    size = 0
  }
  setInterval(flush, LONGEST_WAIT).unref()
  process.on('exit', () => {
    flush()
    output.flushSync()
  })
  return {
    flush,
    write(line) {
      lines.push(line)
      size += line.length
      if (size >= PIECE) flush()
    },
  }
}
