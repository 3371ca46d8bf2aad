/** What every row of a route table has; the rest is the provider's. */
export interface Route {
  readonly method: string
  /** Segments; one that starts with a colon takes any single segment. */
  readonly path: string
}

export type Found<R extends Route> =
  | { readonly kind: 'route'; readonly route: R; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'method-unknown' }
  | { readonly kind: 'path-unknown' }

/** The first row that fits, so that fixed segments are written above the open ones. */
export function findRoute<R extends Route>(
  routes: readonly R[],
  method: string,
  path: string,
): Found<R> {
  let isPathKnown = false
  for (const route of routes) {
    const params = paramsOf(route.path, path)
    if (params === null) continue
    if (route.method === method) return { kind: 'route', route, params }
    isPathKnown = true
  }
  return { kind: isPathKnown ? 'method-unknown' : 'path-unknown' }
}

function paramsOf(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return null

  const params = new Map<string, string>()
  for (const [i, segment] of wanted.entries()) {
    const value = decoded(given[i] ?? '')
    if (value === null) return null
    if (!segment.startsWith(':')) {
      if (segment !== value) return null
    } else if (value === '') return null
    else params.set(segment.slice(1), value)
  }
  return Object.fromEntries(params)
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
