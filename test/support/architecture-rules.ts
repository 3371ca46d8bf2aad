/** `house.md` §2 as checks: each takes files and returns one line for each place that breaks it. */
import type { Import, SourceFile } from './source-files.ts'

/** The stages a request passes; their names, sorted, are their order. */
export const stages = ['downstream', 'identity', 'policy', 'tokens', 'upstream'] as const

const leaves = ['src/problem.ts', 'src/provider.ts', 'src/secret.ts']
/** What a leaf may import beside packages: the contract speaks of problems and secrets. */
const withinLeaves: Readonly<Record<string, readonly string[]>> = {
  'src/provider.ts': ['src/problem.ts', 'src/secret.ts'],
}
const packagesOfProviders = ['jose', 'zod']

export type Rule = (files: readonly SourceFile[]) => readonly string[]

/** A provider imports only `node:*`, `jose`, `zod`, its own folder and the three leaves. */
export const providersStandAlone: Rule = (files) =>
  files
    .filter(({ path }) => /^providers\/[^/]+\//.test(path))
    .flatMap((file) => {
      const folder = `${file.path.split('/', 2).join('/')}/`
      return imported(file, ({ specifier, to }) => {
        if (to !== null) return to.startsWith(folder) || leaves.includes(to)
        return specifier.startsWith('node:') || packagesOfProviders.includes(specifier)
      })
    })

/** Only `providers/index.ts` lists providers, and it imports nothing else. */
export const oneFileListsProviders: Rule = (files) =>
  files
    .filter(({ path }) => /^providers\/[^/]+$/.test(path))
    .flatMap((file) =>
      imported(
        file,
        ({ to }) => to === 'src/provider.ts' || /^providers\/[^/]+\/index\.ts$/.test(to ?? ''),
      ),
    )

/** No file in `src/` imports `providers/` but `main.ts`, and that one their list alone. */
export const coreKnowsNoProvider: Rule = (files) =>
  files
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap((file) =>
      imported(file, ({ to }) => {
        if (to === null || !to.startsWith('providers/')) return true
        return file.path === 'src/main.ts' && to === 'providers/index.ts'
      }),
    )

/** No file in `src/` contains a provider's id, be it in a comment or in its own name. */
export function coreNamesNoProvider(ids: readonly string[]): Rule {
  return (files) =>
    files
      .filter(({ path }) => path.startsWith('src/'))
      .flatMap(({ path, text }) =>
        ids.filter((id) => names(`${path}\n${text}`, id)).map((id) => `${path} names ${id}`),
      )
}

/** As a word or the beginning of one: a connector is no provider. */
function names(text: string, id: string): boolean {
  const title = id.charAt(0).toUpperCase() + id.slice(1)
  return new RegExp(`(?<![A-Za-z])${id}|${title}|${id.toUpperCase()}`).test(text)
}

/** The leaves import no other file; the contract may name problems and secrets. */
export const leavesAreLeaves: Rule = (files) =>
  files
    .filter(({ path }) => leaves.includes(path))
    .flatMap((file) =>
      imported(file, ({ to }) => to === null || (withinLeaves[file.path] ?? []).includes(to)),
    )

/** A stage imports no later stage, not even a type of it. */
export const stagesGoForward: Rule = (files) =>
  files.flatMap((file) => {
    const stage = stageOf(file.path)
    if (stage === -1) return []
    return imported(file, ({ to }) => to === null || stageOf(to) <= stage)
  })

/** No file imports itself, however far around. Types are gone at run time and do not count. */
export const noCycles: Rule = (files) => {
  const next = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.filter(({ isType }) => !isType).flatMap(({ to }) => to ?? []),
    ]),
  )
  return files
    .map(({ path }) => path)
    .filter((path) => reach(path, next).has(path))
    .map((path) => `${path} is part of a cycle`)
}

export const noDefaultExports: Rule = (files) =>
  files
    .filter(({ hasDefaultExport }) => hasDefaultExport)
    .map(({ path }) => `${path} has a default export`)

/** A file is one noun or one verb, and its folder says of what. */
export const namesSaySomething: Rule = (files) =>
  files
    .map(({ path }) => path)
    .filter((path) => {
      const parts = path.replace(/\.ts$/, '').split('/')
      return (
        parts.some((part) =>
          /^(utils?|helpers?|common|misc|managers?|services?|types)$/.test(part),
        ) || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(parts.at(-1) ?? '')
      )
    })
    .map((path) => `${path} has a name that says nothing, or is not kebab-case`)

/** The public parts use nothing of the tests or of the sandbox; the sandbox stays a second opinion. */
export const nothingImportsTheTests: Rule = (files) =>
  files
    .filter(({ path }) => !path.startsWith('test/'))
    .flatMap((file) => imported(file, ({ to }) => !(to ?? '').startsWith('test/')))

export const emulatorsShareNoCode: Rule = (files) =>
  files
    .filter(({ path }) => path.startsWith('sandbox/emulators/'))
    .flatMap((file) =>
      imported(file, ({ to }) => to === null || to.startsWith('sandbox/emulators/')),
    )

const starting = ['src/process.ts', 'src/main.ts', 'src/cli/start.ts', 'sandbox/start.ts']
/** Those that scan what the gateway emits, and what is no gateway: see each. */
const watching = [
  'test/support/rig.ts',
  'test/support/scanned-sandbox.ts',
  'test/support/gateway-command.ts',
  // These hold the words that are looked for.
  'test/support/architecture-rules.ts',
  'test/scanned.test.ts',
  // What users install, and not this source: here only whether it starts.
  'test/slow/package.test.ts',
  // On a Node that is too old, where it refuses to load anything.
  'test/runtime.test.ts',
]

/** A test starts a gateway only through what scans everything that it emits. */
export const startsUnwatched: Rule = (files) =>
  files
    .filter(({ path }) => !watching.includes(path))
    .flatMap((file) => [
      ...imported(file, ({ to, isType }) => isType || !starting.includes(to ?? '')),
      ...(/gatehouse\.js\b|'gatehouse', 'start'/.test(file.text)
        ? [`${file.path} runs the command`]
        : []),
    ])

function stageOf(path: string): number {
  const [top, folder] = path.split('/')
  return top === 'src' ? stages.findIndex((stage) => stage === folder) : -1
}

function imported(file: SourceFile, isAllowed: (found: Import) => boolean): string[] {
  return file.imports
    .filter((found) => !isAllowed(found))
    .map(({ specifier }) => `${file.path} imports ${specifier}`)
}

function reach(start: string, next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [...(next.get(start) ?? [])]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue
    found.add(path)
    open.push(...(next.get(path) ?? []))
  }
  return found
}
