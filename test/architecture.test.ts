/** The rules of `house.md` §2, kept by this test and not by memory; and planted faults. */
import { describe, expect, test } from 'vitest'
import { providers } from '../providers/index.ts'
import {
  coreKnowsNoProvider,
  coreNamesNoProvider,
  emulatorsShareNoCode,
  leavesAreLeaves,
  namesSaySomething,
  noCycles,
  noDefaultExports,
  nothingImportsTheTests,
  oneFileListsProviders,
  providersStandAlone,
  stages,
  stagesGoForward,
} from './support/architecture-rules.ts'
import type { Rule } from './support/architecture-rules.ts'
import { readSource, readSources } from './support/source-files.ts'

const sources = readSources('src/**/*.ts', 'providers/**/*.ts', 'sandbox/**/*.ts')
const namesNoProvider = coreNamesNoProvider(providers.map(({ id }) => id))

test('there is something to look at', () => {
  const paths = sources.map(({ path }) => path)
  expect(paths).toContain('src/gateway.ts')
  expect(paths).toContain('providers/index.ts')
  for (const stage of stages) {
    expect(
      paths.some((path) => path.startsWith(`src/${stage}/`)),
      stage,
    ).toBe(true)
  }
  expect(stages).toEqual([...stages].sort())
})

describe('the project', () => {
  const rules: readonly (readonly [title: string, rule: Rule])[] = [
    ['a provider imports node, jose, zod, its own folder and the leaves', providersStandAlone],
    ['one file lists the providers', oneFileListsProviders],
    ['nothing in src/ imports a provider but main.ts', coreKnowsNoProvider],
    ['nothing in src/ contains a provider’s id', namesNoProvider],
    ['the leaves are leaves', leavesAreLeaves],
    ['a stage imports no later stage', stagesGoForward],
    ['no import cycles', noCycles],
    ['no default exports', noDefaultExports],
    ['every name says something', namesSaySomething],
    ['nothing imports the tests', nothingImportsTheTests],
    ['the emulators share no code with what they check', emulatorsShareNoCode],
  ]

  test.each(rules)('%s', (_title, rule) => {
    expect(rule(sources)).toEqual([])
  })
})

describe('a planted fault is seen:', () => {
  const faults: readonly (readonly [what: string, rule: Rule, files: Record<string, string>])[] = [
    [
      'another provider',
      providersStandAlone,
      { 'providers/a/x.ts': "import { b } from '../b/index.ts'" },
    ],
    [
      'the core',
      providersStandAlone,
      { 'providers/a/x.ts': "import type { A } from '../../src/gateway.ts'" },
    ],
    [
      'another package',
      providersStandAlone,
      { 'providers/a/x.ts': "import { request } from 'undici'" },
    ],
    [
      'a package like an allowed one',
      providersStandAlone,
      { 'providers/a/x.ts': "import 'zod-extra'" },
    ],
    [
      'an import at run time',
      providersStandAlone,
      { 'providers/a/x.ts': "await import('undici')" },
    ],
    ['require', providersStandAlone, { 'providers/a/x.ts': "require('undici')" }],
    [
      'an import in a type',
      providersStandAlone,
      { 'providers/a/x.ts': "let x: import('undici').Pool" },
    ],
    ['a re-export', providersStandAlone, { 'providers/a/x.ts': "export { Pool } from 'undici'" }],
    [
      'a part of a provider in the list',
      oneFileListsProviders,
      { 'providers/index.ts': "import { x } from './a/x.ts'" },
    ],
    [
      'the list outside main.ts',
      coreKnowsNoProvider,
      { 'src/cli/x.ts': "import { providers } from '../../providers/index.ts'" },
    ],
    [
      'a provider in main.ts',
      coreKnowsNoProvider,
      { 'src/main.ts': "import { a } from '../providers/a/index.ts'" },
    ],
    ['a provider’s id', namesNoProvider, { 'src/policy/x.ts': "if (provider === 'neuroon') go()" }],
    [
      'an id in a template',
      namesNoProvider,
      { 'src/policy/x.ts': 'const path = `/nector/${rest}`' },
    ],
    ['an id in a comment', namesNoProvider, { 'src/policy/x.ts': '// as neuroon does' }],
    ['an id in a name', namesNoProvider, { 'src/policy/x.ts': 'const isNector = true' }],
    [
      'an id as a title',
      namesNoProvider,
      { 'src/policy/x.ts': "throw new Error('Nector is down')" },
    ],
    ['an id in a file’s name', namesNoProvider, { 'src/policy/nector-ids.ts': '' }],
    [
      'a leaf that imports',
      leavesAreLeaves,
      { 'src/secret.ts': "import { x } from './problem.ts'" },
    ],
    [
      'a contract that imports',
      leavesAreLeaves,
      { 'src/provider.ts': "import type { A } from './gateway.ts'" },
    ],
    [
      'a later stage',
      stagesGoForward,
      { 'src/identity/x.ts': "import { decide } from '../policy/decide.ts'" },
    ],
    [
      'a later stage’s type',
      stagesGoForward,
      { 'src/downstream/x.ts': "import type { A } from '../upstream/forward.ts'" },
    ],
    [
      'a cycle of two',
      noCycles,
      { 'src/a.ts': "import { b } from './b.ts'", 'src/b.ts': "import { a } from './a.ts'" },
    ],
    [
      'a cycle of three',
      noCycles,
      {
        'src/a.ts': "export * from './b.ts'",
        'src/b.ts': "import './c/d.ts'",
        'src/c/d.ts': "import { a } from '../a.ts'",
      },
    ],
    ['a default function', noDefaultExports, { 'src/a.ts': 'export default function a() {}' }],
    ['a default value', noDefaultExports, { 'src/a.ts': 'const a = 1\nexport default a' }],
    ['a default by name', noDefaultExports, { 'src/a.ts': 'const a = 1\nexport { a as default }' }],
    ['utils', namesSaySomething, { 'src/utils.ts': '' }],
    ['a folder of helpers', namesSaySomething, { 'src/helpers/a.ts': '' }],
    ['types', namesSaySomething, { 'src/policy/types.ts': '' }],
    ['a camel', namesSaySomething, { 'src/policy/checkOrigin.ts': '' }],
    [
      'a test',
      nothingImportsTheTests,
      { 'src/a.ts': "import { rig } from '../test/support/rig.ts'" },
    ],
    [
      'the gateway in an emulator',
      emulatorsShareNoCode,
      { 'sandbox/emulators/x.ts': "import { mint } from '../../providers/a/token.ts'" },
    ],
  ]

  test.each(faults)('%s', (_what, rule, files) => {
    expect(rule(read(files))).not.toEqual([])
  })

  const fine: readonly (readonly [what: string, rule: Rule, files: Record<string, string>])[] = [
    [
      'what a provider may import',
      providersStandAlone,
      {
        'providers/a/x.ts':
          "import { hash } from 'node:crypto'\nimport { z } from 'zod'\nimport type { JWK } from 'jose'\nimport { b } from './b/c.ts'\nimport { Problem } from '../../src/problem.ts'",
      },
    ],
    [
      'an import in a comment or a text',
      providersStandAlone,
      { 'providers/a/x.ts': "// import 'undici'\nconst x = \"import 'undici'\"" },
    ],
    [
      'an earlier stage',
      stagesGoForward,
      {
        'src/upstream/x.ts':
          "import { x } from '../downstream/accept.ts'\nimport { y } from '../problem.ts'",
      },
    ],
    [
      'types in a circle, which are gone at run time',
      noCycles,
      { 'src/a.ts': "import type { B } from './b.ts'", 'src/b.ts': "import { a } from './a.ts'" },
    ],
    [
      'types one by one in a circle',
      noCycles,
      { 'src/a.ts': "import { type B } from './b.ts'", 'src/b.ts': "import { a } from './a.ts'" },
    ],
    [
      'a word that holds an id',
      namesNoProvider,
      { 'src/a.ts': '// opens a connector\nexport const a = 1' },
    ],
  ]

  test.each(fine)('and no fault where there is none: %s', (_what, rule, files) => {
    expect(rule(read(files))).toEqual([])
  })

  function read(files: Readonly<Record<string, string>>) {
    return Object.entries(files).map(([path, text]) => readSource(path, text))
  }
})
