/**
 * What must not have come out of a gateway, over everything that came out of it: its configured
 * secrets, the proofs it sent upstream, the sessions it gave away, and what callers proved
 * themselves with. Whoever starts a gateway in a test ends with this.
 */
import { Secret } from '../../src/secret.ts'
import { findCanaries, SHORTEST_CANARY } from './canary.ts'
import type { Emitted } from './canary.ts'
import type { Emissions } from './emissions.ts'

export interface Leakable {
  readonly emissions: Pick<Emissions, 'all' | 'shown' | 'proofs'>
  /** What came out elsewhere than through a socket: the log, what was printed. */
  readonly written: readonly Emitted[]
  readonly secrets: Readonly<Record<string, string>>
}

/** The routes that are there to give a token away, and how it goes: to their caller alone. */
const GIVING = /^the answer to (?:GET \/widget-token|POST \/session|POST \/session\/redeem)$/
const wasGiven = /^HTTP\/1\.1 20[01] /m
const given = /(?<="(?:token|code)":")[^"]{16,}(?=")|(?<=^set-cookie: [^=]+=)[^;\r]{16,}/gim

/** One line for each secret in each place where it must not be. */
export function leaksIn({ emissions, written, secrets }: Leakable): string[] {
  const never = new Map([...emissions.proofs].filter(([, name]) => name !== 'x-widget-token'))
  for (const [name, value] of Object.entries(secrets)) {
    if (value.length >= SHORTEST_CANARY) never.set(value, name)
  }
  const meant = new Map<string, string>()
  const answers = emissions.all().map(({ place, text }) => {
    if (!GIVING.test(place)) return { place, text }
    const answer = text.toString('latin1')
    if (!wasGiven.test(answer)) return { place, text }
    const rest = answer.replaceAll(given, (value) => {
      if (never.has(value)) return value
      meant.set(value, `what ${place} gave`)
      return ''
    })
    return { place, text: Buffer.from(rest, 'latin1') }
  })
  const names = new Map([...emissions.shown, ...meant, ...emissions.proofs, ...never])
  const hits = findCanaries(
    [...answers, ...written],
    [...names].map(([value, name]) => [name, value]),
  )
  return [...new Set(hits.map(({ name, place }) => `${name} in ${place}`))]
}

/** The end of everything that starts a gateway. */
export function expectNoLeaks(leaks: readonly string[]): void {
  if (leaks.length > 0) throw new Error(`Secrets came out:\n${leaks.join('\n')}`)
}

/** Every secret in a configuration, by the place where it is configured. */
export function secretsIn(config: unknown, path = ''): Record<string, string> {
  if (config instanceof Secret) return { [path]: config.reveal() }
  if (typeof config !== 'object' || config === null) return {}
  return Object.assign(
    {},
    ...Object.entries(config).map(([name, value]) =>
      secretsIn(value, path === '' ? name : `${path}.${name}`),
    ),
  ) as Record<string, string>
}
