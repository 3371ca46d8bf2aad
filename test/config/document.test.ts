import { describe, expect, test } from 'vitest'
import { readDocument } from '../../src/config/document.ts'

const syntax = (text: string): string => {
  try {
    readDocument(text)
    return 'fine'
  } catch (error) {
    return error instanceof Error ? error.message : 'no error'
  }
}

describe('a file that is no YAML', () => {
  test.each([
    ['', 'the file is empty'],
    ['  \n# nothing but a comment\n', 'the file is empty'],
    ['---\n', 'the file is empty'],
    [
      'a:\n\tb: 1\n',
      'cannot be read as YAML: a tab is used for indentation; YAML takes spaces only',
    ],
    [
      'a: b: CANARY',
      'cannot be read as YAML: a second colon on this line: put the value in quotes',
    ],
    ['a: @CANARY', 'cannot be read as YAML: a value that starts with this character needs quotes'],
    [
      'a: 1\n---\nb: 2\n',
      'cannot be read as YAML: the file holds several documents (---); it must be one',
    ],
    ['a: !secret CANARY', 'cannot be read as YAML: YAML tags (!…) are not supported here'],
    ['a: !!binary CANARY', 'cannot be read as YAML: YAML tags (!…) are not supported here'],
    ['? [CANARY]\n: 1', 'cannot be read as YAML: a key must be plain text'],
    [
      'a: "CANARY\\q"',
      'cannot be read as YAML: this escape does not exist in double quotes; single quotes take a backslash as it is',
    ],
  ])('%j: %s', (text, message) => expect(syntax(text)).toBe(message))

  test.each([
    'a: "CANARY',
    "a: 'CANARY",
    'a: [CANARY',
    'a: {CANARY',
    'a: }CANARY',
    'a\nCANARY: 1\nb',
    '%CANARY\n---\na',
    'a: |CANARY\n x',
    'a: *CANARY x',
    'a: &x &CANARY b',
  ])('%j is refused without a word of it', (text) => {
    expect(syntax(text)).toMatch(/^cannot be read as YAML: /)
    expect(syntax(text)).not.toContain('CANARY')
  })

  test('nested a hundred thousand deep is refused, and soon', () => {
    expect(syntax('['.repeat(100_000))).toMatch(/^cannot be read as YAML: /)
    expect(syntax('a: '.concat('{a: '.repeat(50_000)))).toMatch(/^cannot be read as YAML: /)
  })
})

describe('a file that is YAML', () => {
  test('says where each value and key stands', () => {
    const { value, locate } = readDocument('# top\na:\n  b: [x, "y"]\n  c:\n')
    expect(value).toEqual({ a: { b: ['x', 'y'], c: null } })
    expect(locate(['a', 'b', 1], 'value')).toEqual({ line: 3, column: 10 })
    expect(locate(['a', 'b'], 'key')).toEqual({ line: 3, column: 3 })
    expect(locate(['a', 'b'], 'value')).toEqual({ line: 3, column: 6 })
    expect(locate(['a', 'c'], 'value')).toEqual({ line: 4, column: 3 })
    expect(locate([], 'value')).toEqual({ line: 2, column: 1 })
  })

  test('says for what is absent where it would belong', () => {
    const { locate } = readDocument('a:\n  b: 1\n')
    expect(locate(['a', 'missing', 0, 'deep'], 'value')).toEqual({ line: 1, column: 1 })
    expect(locate(['missing'], 'value')).toEqual({ line: 1, column: 1 })
  })

  test('may hold references inside braces, where plain YAML would end', () => {
    const { value, locate } = readDocument('a: { s: ${env:X}, t: [${file:/run/x}/y, 1] } # ${z}\n')
    expect(value).toEqual({ a: { s: '${env:X}', t: ['${file:/run/x}/y', 1] } })
    expect(locate(['a', 't', 1], 'value')).toEqual({ line: 1, column: 41 })
  })

  test('reads off and yes as text, whatever version of YAML it claims', () => {
    expect(readDocument('%YAML 1.1\n---\na: off\nb: yes\nc: 010\n').value).toEqual({
      a: 'off',
      b: 'yes',
      c: 10,
    })
  })

  test('is told about keys that are there twice, at the second', () => {
    const { findings, locate } = readDocument('a: 1\nb: 2\na: 3\n')
    expect(findings).toEqual([{ path: ['a'], at: 'key', message: 'is there twice' }])
    expect(locate(['a'], 'key')).toEqual({ line: 3, column: 1 })
  })

  test('may not have a key that reaches the prototype', () => {
    const { value, findings } = readDocument('__proto__: { polluted: true }\n"__proto__": 1\n')
    expect(value).toEqual({})
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(findings).toHaveLength(2)
    expect(findings[0]).toMatchObject({ message: 'is not a possible key' })
  })

  test('may have anchors but no aliases, so that a small file stays small', () => {
    const bomb = Array.from({ length: 30 }, (_, level) =>
      level === 0 ? 'l0: &l0 [x]' : `l${level}: &l${level} [${`*l${level - 1}, `.repeat(9)}]`,
    ).join('\n')
    expect(readDocument('a: &x 1\n').findings).toEqual([])
    expect(readDocument('a: &x [*x]\n').findings).toEqual([
      { path: ['a', 0], message: 'is a YAML alias (*…); write the value out' },
    ])
    expect(readDocument(bomb).findings).toHaveLength(29 * 9)
  })
})
