import { parseDuration } from './duration.ts'
import { isLoopback } from './host.ts'
import type { Finding } from './mistake.ts'
import { select, selectText } from './select.ts'
import type { Found } from './select.ts'

/**
 * What each key allows and all of them together do not. Reads the file as it is, and not the parsed
 * configuration, so that these mistakes are told together with the others.
 */
export function findConflicts(root: unknown): readonly Finding[] {
  return [
    ...sharedHosts(root),
    ...wildcardHosts(root),
    ...select(root, 'storefronts.*').flatMap(({ path, value }) =>
      withinStorefront(value).map((found) => ({ ...found, path: [...path, ...found.path] })),
    ),
    ...openAdmin(root),
    ...samePort(root),
    ...shortDeadline(root),
  ]
}

function sharedHosts(root: unknown): readonly Finding[] {
  return repeated(
    selectText(root, 'storefronts.*.hosts.*'),
    'is listed twice; each host leads to one storefront',
  )
}

function wildcardHosts(root: unknown): readonly Finding[] {
  const hosts = selectText(root, 'storefronts.*.hosts.*')
  if (hosts.length === 1 && select(root, 'storefronts.*').length === 1) return []
  return hosts
    .filter(({ value }) => value === '*')
    .map(({ path }) => ({
      path,
      message: "may be '*' only as the only host of the only storefront",
    }))
}

function withinStorefront(storefront: unknown): readonly Finding[] {
  return [
    ...repeated(selectText(storefront, 'origins.*'), 'is listed twice'),
    ...repeated(selectText(storefront, 'identity.*.keys.*.id'), 'is the id of another key as well'),
    ...repeated(
      selectText(storefront, 'identity.*.keys.*.sha256'),
      'is the same key under another id',
    ),
    ...repeated(
      selectText(storefront, 'identity.*.type').filter(({ value }) => value === 'session'),
      'may be session only once per storefront',
    ),
    ...repeated(
      selectText(storefront, 'identity.*.type').filter(
        ({ value }) => value === 'shopify-app-proxy',
      ),
      'may be shopify-app-proxy only once per storefront',
    ),
  ]
}

function openAdmin(root: unknown): readonly Finding[] {
  const [host] = selectText(root, 'admin.host')
  const [token] = select(root, 'admin.token')
  if (host === undefined || isLoopback(host.value) || (token?.value ?? null) !== null) return []
  return [{ path: host.path, message: 'can be reached from elsewhere and needs admin.token' }]
}

function samePort(root: unknown): readonly Finding[] {
  const [host = '0.0.0.0', adminHost = '127.0.0.1'] = ['listen.host', 'admin.host'].map(
    (path) => selectText(root, path)[0]?.value,
  )
  const [port = 8080, adminPort = 8081] = ['listen.port', 'admin.port'].map((path) =>
    portOf(select(root, path)[0]),
  )
  const meet =
    host === adminHost || [host, adminHost].some((name) => /^(0\.0\.0\.0|::)$/.test(name))
  if (!meet || port === 0 || port !== adminPort) return []
  return [{ path: ['admin', 'port'], message: 'is the port of listen as well' }]
}

function portOf(found: Found | undefined): number | undefined {
  return found === undefined ? undefined : Number(found.value)
}

function shortDeadline(root: unknown): readonly Finding[] {
  const [wait, deadline] = [durationAt(root, 'wait', '2s'), durationAt(root, 'deadline', '10s')]
  if (wait === null || deadline === null || deadline > wait) return []
  return [{ path: ['shutdown', 'deadline'], message: 'must be longer than shutdown.wait' }]
}

/** Null where it is no duration, which is a mistake of its own. */
function durationAt(root: unknown, key: string, byDefault: string): number | null {
  const [found = { value: byDefault }] = select(root, `shutdown.${key}`)
  return typeof found.value === 'string' ? parseDuration(found.value) : null
}

/** Every value that an earlier place has already. */
function repeated(
  found: readonly (Found & { value: string })[],
  message: string,
): readonly Finding[] {
  const seen = new Set<string>()
  const isRepeated = (value: string) => seen.size === seen.add(value).size
  return found.filter(({ value }) => isRepeated(value)).map(({ path }) => ({ path, message }))
}
