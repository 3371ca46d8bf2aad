import { holds } from '../../sandbox/emulators/call.ts'
import type { SandboxKeys } from '../../sandbox/keys.ts'

/** The names of the secrets that a text holds, plain or encoded. */
export function leaksIn(text: string, keys: SandboxKeys): string[] {
  const secrets = { ...keys.provider, sessionSecret: keys.sessionSecret }
  return Object.entries(secrets)
    .filter(([, secret]) => holds(text, secret))
    .map(([name]) => name)
}
