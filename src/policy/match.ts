import type { Method, Route } from '../provider.ts'

/** A route and what its `:name` segments stood for, undecoded. */
export interface Match {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/** What is known about a path: its routes by method. */
export interface PathMatch {
  readonly methods: ReadonlyMap<Method, Route>
  readonly params: Readonly<Record<string, string>>
}

export interface RouteTable {
  /** The routes of a path, or null where nobody lists it. Compares bytes: no decoding, no case. */
  find(path: string): PathMatch | null
}

interface Node {
  readonly literals: Map<string, Node>
  variable: { readonly name: string; readonly node: Node } | null
  methods: Map<Method, Route> | null
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({})

/** Prepares a table. Routes with the same path share an entry; a literal segment beats a variable. */
export function createRouteTable(routes: readonly Route[]): RouteTable {
  const root = emptyNode()
  const literal = new Map<string, PathMatch>()
  for (const route of routes) {
    const methods = insert(root, route)
    if (!route.path.includes(':')) literal.set(route.path, { methods, params: NO_PARAMS })
  }
  return { find: (path) => literal.get(path) ?? walk(root, path) }
}

function emptyNode(): Node {
  return { literals: new Map(), variable: null, methods: null }
}

function insert(root: Node, route: Route): Map<Method, Route> {
  let node = root
  for (const segment of route.path.split('/').slice(1)) node = child(node, segment, route)
  node.methods ??= new Map()
  node.methods.set(route.method, route)
  return node.methods
}

function child(node: Node, segment: string, route: Route): Node {
  if (segment.startsWith(':')) return variableChild(node, segment.slice(1), route)
  const existing = node.literals.get(segment)
  if (existing !== undefined) return existing
  const created = emptyNode()
  node.literals.set(segment, created)
  return created
}

function variableChild(node: Node, name: string, route: Route): Node {
  node.variable ??= { name, node: emptyNode() }
  if (node.variable.name !== name) {
    throw new Error(`${route.path}: two names for one segment, ${name} and ${node.variable.name}`)
  }
  return node.variable.node
}

function walk(root: Node, path: string): PathMatch | null {
  return descend(root, path.split('/'), 1, NO_PARAMS)
}

/** What a literal segment does not lead to, a variable may. */
function descend(
  { literals, variable, methods }: Node,
  segments: readonly string[],
  depth: number,
  params: Readonly<Record<string, string>>,
): PathMatch | null {
  const segment = segments[depth]
  if (segment === undefined) return methods === null ? null : { methods, params }
  const literal = literals.get(segment)
  const match = literal === undefined ? null : descend(literal, segments, depth + 1, params)
  if (match !== null || variable === null || segment === '') return match
  const { name, node } = variable
  return descend(node, segments, depth + 1, { ...params, [name]: segment })
}
