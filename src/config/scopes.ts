import type { Provider } from '../provider.ts'

/** The core's own scope: making and ending sessions. */
export const sessionScope = 'session'

/** Every scope that a service key may hold. */
export function knownScopes(providers: readonly Provider[]): readonly string[] {
  return [...new Set([sessionScope, ...providers.flatMap((provider) => provider.scopes)])]
}
