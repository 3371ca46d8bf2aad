import { Writable } from 'node:stream'
import { providers } from '../../providers/index.ts'
import { startSandbox } from '../../sandbox/start.ts'
import type { Sandbox, StartOptions } from '../../sandbox/start.ts'
import { watchEmissions } from './emissions.ts'
import { expectNoLeaks, leaksIn } from './leaks.ts'

/**
 * A sandbox whose gateway is scanned: `stop` rejects where a secret has come out of it. Its summary
 * holds the shop's own service keys, and its demo shop hands out sessions: both are meant to.
 */
export async function startScannedSandbox(
  options: Partial<Pick<StartOptions, 'port' | 'print'>> & {
    /** Takes the gateway's log as it is, instead of a readable line for each call. */
    readonly log?: (text: string) => void
  } = {},
): Promise<Sandbox> {
  const { port = 0, print = () => undefined, log } = options
  const emissions = watchEmissions()
  let printed = ''
  const keep = (tell: (text: string) => void) => (text: string) => {
    printed += text
    tell(text)
  }
  const starting = startSandbox({
    port,
    providers,
    print: keep(print),
    ...(log === undefined ? {} : { logTo: textWriter(keep(log)) }),
  })
  const sandbox = await starting.catch((error: unknown) => {
    emissions.stop()
    throw error
  })
  emissions.only([sandbox.gatewayUrl, sandbox.adminUrl])
  const { provider, service, sessionSecret } = sandbox.keys
  const ours = { ...provider, sessionSecret }
  return {
    ...sandbox,
    async stop() {
      await sandbox.stop()
      emissions.stop()
      const written = [{ place: 'what is printed', text: printed }]
      const summary = [{ place: 'the summary', text: sandbox.summary }]
      expectNoLeaks([
        ...leaksIn({ emissions, written, secrets: { ...ours, ...service } }),
        ...leaksIn({ emissions: nothing, written: summary, secrets: ours }),
        ...sandbox.neuroon.leaks,
        ...sandbox.nector.leaks,
      ])
    },
  }
}

const nothing = {
  all: () => [],
  shown: new Map<string, string>(),
  proofs: new Map<string, string>(),
}

function textWriter(take: (text: string) => void): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      take(String(chunk))
      done()
    },
  })
}
