import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resolveReferences } from '../../src/config/references.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-references-'))
const put = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(directory, name), content)
  return join(directory, name)
}
const resolve = (value: unknown, env: NodeJS.ProcessEnv = {}) =>
  resolveReferences(value, { env, directory })
const complaints = (value: string, env: NodeJS.ProcessEnv = {}) =>
  resolve(value, env).findings.map(({ message }) => message)

describe('a reference', () => {
  test('is replaced wherever a string stands, whole or in part', () => {
    const env = { HOST: 'gw.acme.example', PORT: '8443' }
    expect(
      resolve({ a: ['${env:HOST}', 'https://${env:HOST}:${env:PORT}'], b: 1, c: null }, env),
    ).toEqual({
      value: { a: ['gw.acme.example', 'https://gw.acme.example:8443'], b: 1, c: null },
      findings: [],
      referenced: [
        ['a', 0],
        ['a', 1],
      ],
    })
  })

  test('to a file gives its content without one line break at the end', () => {
    const plain = put('plain', 'k3y-with-line\n')
    const windows = put('windows', 'k3y-with-line\r\n')
    const two = put('two', 'k3y\n\n')
    expect(resolve([`\${file:${plain}}`, `\${file:${windows}}`, `\${file:${two}}`]).value).toEqual([
      'k3y-with-line',
      'k3y-with-line',
      'k3y\n',
    ])
  })

  test('to a relative file starts at the folder of the configuration', () => {
    put('relative', 'found')
    expect(resolve('${file:relative}').value).toBe('found')
    expect(resolve('${file:./relative}').value).toBe('found')
  })

  test('gives text, which is neither YAML nor searched for further references', () => {
    const env = { A: '${env:B}', B: 'secret', C: '{x: [1]}', D: '*alias', E: "$&$1$'" }
    expect(resolve(['${env:A}', '${env:C}', '${env:D}', '${env:E}'], env).value).toEqual([
      '${env:B}',
      '{x: [1]}',
      '*alias',
      "$&$1$'",
    ])
  })

  test('that resolves to nothing is a mistake that names it', () => {
    put('empty', '')
    put('line', '\n')
    put('binary', new Uint8Array([0xff, 0xfe, 0x00, 0x80]))
    mkdirSync(join(directory, 'folder'))
    expect(complaints('${env:NOBODY}')).toEqual(['the environment variable NOBODY is not set'])
    expect(complaints('${env:EMPTY}', { EMPTY: '' })).toEqual([
      'the environment variable EMPTY is empty',
    ])
    expect(complaints('${file:missing}')).toEqual(['the file missing does not exist'])
    expect(complaints('${file:empty}')).toEqual(['the file empty is empty'])
    expect(complaints('${file:line}')).toEqual(['the file line is empty'])
    expect(complaints('${file:folder}')).toEqual(['the file folder is a directory'])
    expect(complaints('${file:binary}')).toEqual(['the file binary is not UTF-8 text'])
  })

  test.each(['constructor', '__proto__', 'toString'])(
    'does not find %s on the prototype of the environment',
    (name) => {
      expect(complaints(`\${env:${name}}`)).toEqual([`the environment variable ${name} is not set`])
    },
  )

  test.each([
    '${}',
    '${NAME}',
    '${env:}',
    '${ENV:NAME}',
    '${env:A',
    'x${vault:a/b}',
    '${env:${A}}',
  ])('may not be spelled %s', (text) => {
    expect(complaints(text, { A: 'a', NAME: 'n' })).toContain(
      'holds ${ that is neither ${env:NAME} nor ${file:/path}',
    )
  })

  test.each(['$', '$NAME', '{env:NAME}', '$ {env:NAME}', 'US$5'])('is not %s', (text) => {
    expect(resolve(text)).toEqual({ value: text, findings: [], referenced: [] })
  })
})
