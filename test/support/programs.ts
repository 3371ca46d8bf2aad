import { spawnSync } from 'node:child_process'
import { describe, test } from 'vitest'

/**
 * A block that needs a program of the machine. Where it is missing the block is one skipped test
 * that says so; in CI that is a failure, since `.ci/run` installs it.
 *
 * @param debian the Debian package that brings it
 */
export function describeWithProgram(
  program: string,
  debian: string,
  title: string,
  block: () => void,
): void {
  if (spawnSync('which', [program]).status === 0) {
    describe(title, block)
    return
  }
  const absence = `${title}: ${program} is missing; apt-get install ${debian}`
  if (process.env['CI'] === 'true') {
    test(absence, () => {
      throw new Error(absence)
    })
  } else test.skip(absence, () => undefined)
}
