import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'

/** The public test data: `$GATEHOUSE_CORPORA`, else `../shared/corpora` beside the project's root. */
export const corpora =
  process.env['GATEHOUSE_CORPORA'] ??
  fileURLToPath(new URL('../../../shared/corpora', import.meta.url))

/**
 * A block over one file of the public test data. Where the file is absent the block is one skipped
 * test that says so; in CI that is a failure, so that nobody believes what was never checked.
 */
export function describeCorpus(file: string, title: string, block: (text: string) => void): void {
  const path = `${corpora}/${file}`
  if (existsSync(path)) {
    describe(title, () => block(readFileSync(path, 'utf8')))
    return
  }
  const absence = `${title}: ${path} is absent; set GATEHOUSE_CORPORA`
  if (process.env['CI'] === 'true') {
    test(absence, () => {
      throw new Error(absence)
    })
  } else test.skip(absence, () => undefined)
}

/** The lines of a list, without the empty ones. */
export function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}
