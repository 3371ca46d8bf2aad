/** `docs/security.md` names a test for each promise: each of them must exist. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const page = readFileSync('docs/security.md', 'utf8')
const links = [...page.matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[^)]+)\)/g)].map(
  ([, title = '', file = '']) => ({
    title,
    file,
  }),
)

describe('the table of promises', () => {
  test('has rows for RFC 9110, RFC 9112 and ASVS', () => {
    expect(links.length).toBeGreaterThan(40)
    for (const word of ['9110 §7.6.1', '9112 §6.3', 'V4.1.3', 'V16.5.3'])
      expect(page).toContain(word)
  })

  test.each(links)('“$title” is a test in $file', ({ title, file }) => {
    expect(existsSync(file)).toBe(true)
    const titles = titlesIn(readFileSync(file, 'utf8'))
    expect(titles).toContain(title)
  })

  test('names in every row a test, or the row is not there', () => {
    const rows = page
      .split('\n')
      .filter((line) => /^\| (?!-|section|requirement|threat \|)/.test(line))
    for (const row of rows.filter((line) => !line.startsWith('|---')))
      expect(row).toMatch(/\]\(\.\.\/test\//)
  })
})

/** What stands as the first text of a `describe` or `test`, tables of cases included. */
function titlesIn(source: string): string[] {
  const calls =
    /(?:describe\w*|test|it)(?:\.\w+)?\(\s*(['"`])((?:\\.|(?!\1).)*)\1|\]?\)\(\s*(['"`])((?:\\.|(?!\3).)*)\3/g
  return [...source.matchAll(calls)].map(([, , plain, , tabled]) => plain ?? tabled ?? '')
}
