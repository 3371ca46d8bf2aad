import type { Received } from '../../sandbox/emulators/received.ts'

interface Recorder {
  readonly received: readonly Received[]
}

/** What an emulator received last. */
export function lastSent({ received }: Recorder): Received {
  const last = received.at(-1)
  if (last === undefined) throw new Error('Nothing was sent upstream')
  return last
}

/** Everything that an emulator receives while something is done. */
export async function sentDuring(
  { received }: Recorder,
  act: () => Promise<unknown>,
): Promise<readonly Received[]> {
  const before = received.length
  await act()
  return received.slice(before)
}

/** `GET /path` for each, without the query. */
export function targets(sent: readonly Received[]): string[] {
  return sent.map(({ method, path }) => `${method} ${path.split('?', 1)[0]}`)
}

/** Header names as they arrived, without what every HTTP/1.1 call has, sorted. */
export function headerNames({ rawHeaders }: Received): string[] {
  const names = rawHeaders.filter((_line, at) => at % 2 === 0).map((name) => name.toLowerCase())
  return names.filter((name) => !['host', 'connection'].includes(name)).sort()
}

/** The query of what was sent, each name with all its values. */
export function queryOf({ path }: Received): Record<string, string[]> {
  const query = new URL(path, 'http://upstream').searchParams
  return Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name)]))
}
