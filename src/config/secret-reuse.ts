import type { Provider } from '../provider.ts'
import { secretOf } from '../secret.ts'
import type { Finding, Path } from './mistake.ts'
import { formatPath } from './mistake.ts'
import { providerSchema } from './schema.ts'
import { select, selectText } from './select.ts'
import { startUpstreams } from './upstreams.ts'

/** One place where a secret is configured. */
interface Use {
  readonly path: Path
  readonly fingerprint: string
  /** One value may not serve two of these. */
  readonly purpose: string
  /** Nor stand under two of these; null where there is only one. */
  readonly environment: string | null
}

/**
 * One key under two environments, or one secret for two purposes. Whoever holds it in the weaker
 * place could then act in the stronger one, and a key of another environment never works anyway.
 */
export function findSecretReuse(root: unknown, providers: readonly Provider[]): readonly Finding[] {
  const first = new Map<string, Use>()
  return [...ownSecrets(root), ...providerSecrets(root, providers)].flatMap((use) => {
    const earlier = first.get(use.fingerprint)
    if (earlier === undefined) first.set(use.fingerprint, use)
    const message = earlier === undefined ? null : objection(use, earlier)
    return message === null ? [] : [{ path: use.path, message }]
  })
}

function objection(use: Use, earlier: Use): string | null {
  const there = formatPath(earlier.path)
  if (use.purpose !== earlier.purpose) return `is the same secret as ${there}, for another purpose`
  if (use.environment === earlier.environment) return null
  return `is the same key as ${there}, under another environment`
}

function ownSecrets(root: unknown): readonly Use[] {
  return [
    ...secretsAt(root, 'admin.token', 'admin'),
    ...select(root, 'storefronts.*.identity.*').flatMap(({ path, value }) =>
      ['secret', 'previousSecret'].flatMap((key) =>
        secretsAt(value, key, identityPurpose(value)).map((use) => ({
          ...use,
          path: [...path, ...use.path],
        })),
      ),
    ),
    // Only the hash of a service key is known, which is what fingerprints are made from.
    ...selectText(root, 'storefronts.*.identity.*.keys.*.sha256').map(({ path, value }) => ({
      path,
      fingerprint: value.slice(0, 16),
      purpose: 'service key',
      environment: null,
    })),
  ]
}

/** An app of Shopify's signs everything with its one secret; everybody else has one for each use. */
function identityPurpose(source: unknown): string {
  const type = selectText(source, 'type')[0]?.value ?? ''
  return type.startsWith('shopify-') ? 'Shopify app' : type
}

function secretsAt(root: unknown, pattern: string, purpose: string): readonly Use[] {
  return select(root, pattern).flatMap(({ path, value }) => {
    const { data } = secretOf(1).safeParse(value)
    return data === undefined
      ? []
      : [{ path, fingerprint: data.fingerprint, purpose, environment: null }]
  })
}

function providerSecrets(root: unknown, providers: readonly Provider[]): readonly Use[] {
  return select(root, 'storefronts.*').flatMap(({ path, value }) => {
    const origins = selectText(value, 'origins.*').map((origin) => origin.value)
    const configs = parsedConfigs(value, providers)
    const started = startUpstreams(String(path.at(-1)), { origins, providers: configs }, providers)
    return started.flatMap(({ path, upstream }) =>
      upstream.secrets.map((secret) => ({
        path: [...path, ...secret.path],
        fingerprint: secret.value.fingerprint,
        purpose: `${upstream.provider} ${secret.purpose}`,
        environment: secret.environment,
      })),
    )
  })
}

/** Those that parse: the others are mistakes already. */
function parsedConfigs(storefront: unknown, providers: readonly Provider[]): object {
  const parsed = providers.flatMap((provider) =>
    select(storefront, `providers.${provider.id}`)
      .map(({ value }) => providerSchema(provider).safeParse(value))
      .filter((result) => result.success)
      .map((result) => [provider.id, result.data.own] as const),
  )
  return Object.fromEntries(parsed)
}
