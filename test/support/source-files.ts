import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** A file of the project as the rules look at it. Paths are relative to the root. */
export interface SourceFile {
  readonly path: string
  readonly imports: readonly Import[]
  readonly hasDefaultExport: boolean
  readonly text: string
}

export interface Import {
  /** As it is written. */
  readonly specifier: string
  /** The file it leads to; null for a package. */
  readonly to: string | null
  /** Gone at run time. */
  readonly isType: boolean
}

export function readSources(...patterns: readonly string[]): SourceFile[] {
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => readSource(path, readFileSync(join(root, path), 'utf8')))
}

/** Reads imports from the syntax tree: comments and strings that look like imports are none. */
export function readSource(path: string, text: string): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const imports: Import[] = []
  let hasDefaultExport = false

  const add = (specifier: ts.Expression | undefined, isType: boolean) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return
    const to = specifier.text.startsWith('.')
      ? normalize(join(dirname(path), specifier.text))
      : null
    imports.push({ specifier: specifier.text, to, isType })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return add(node.moduleSpecifier, isTypeImport(node))
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      return add(node.moduleSpecifier, node.isTypeOnly)
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true)
    }
    if (isDynamicImport(node)) add(node.arguments[0], false)
    if (ts.isExportAssignment(node) || isDefault(node)) hasDefaultExport = true
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return { path, imports, hasDefaultExport, text }
}

function isTypeImport({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const { name, namedBindings } = importClause
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  )
}

function isDynamicImport(node: ts.Node): node is ts.CallExpression {
  if (!ts.isCallExpression(node)) return false
  const { expression } = node
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(expression) && expression.text === 'require')
  )
}

function isDefault(node: ts.Node): boolean {
  if (ts.isExportSpecifier(node)) return node.name.text === 'default'
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
  )
}
