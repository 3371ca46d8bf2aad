/**
 * The stand on which hostile requests are tried: a real gateway on a real socket, and behind it, in
 * place of both providers, a recorder that keeps the bytes. What may reach the recorder is written
 * down here, apart from the gateway's own code.
 */
import { routes as nectorRoutes } from '../../providers/nector/routes.ts'
import { routes as neuroonRoutes } from '../../providers/neuroon/routes.ts'
import { startRig } from '../support/rig.ts'
import type { Rig, RigOptions } from '../support/rig.ts'
import { startRecorder } from './recorder.ts'
import type { Recorded, Recorder, RecorderOptions } from './recorder.ts'
import { readings } from './readings.ts'

export interface Stand {
  readonly url: string
  readonly rig: Rig
  readonly recorder: Recorder
  /** Rejects where a secret has come out, as a rig does. */
  close(): Promise<void>
}

export async function startStand(
  options: RecorderOptions & Pick<RigOptions, 'configure'> = {},
): Promise<Stand> {
  const recorder = await startRecorder(options)
  const rig = await startRig({
    configure: (yaml) => {
      const there = yaml.replaceAll(/environment: http:\S+/g, `environment: ${recorder.url}`)
      return options.configure?.(there) ?? there
    },
  })
  return {
    url: rig.url,
    rig,
    recorder,
    async close() {
      try {
        await rig.close()
      } finally {
        await recorder.close()
      }
    },
  }
}

const allowed = [...neuroonRoutes, ...nectorRoutes([])].map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`),
}))

/**
 * What is wrong with what reached the recorder: ambiguous bytes, underscore names, and targets that
 * no route lists, whichever way a server behind it might read them.
 */
export function wrongs({ faults, requests }: Pick<Recorder, 'faults' | 'requests'>): string[] {
  return [
    ...faults.map((fault) => `ambiguous: ${fault}`),
    ...requests.flatMap((request) => [...oddNames(request), ...strayTargets(request)]),
  ]
}

/** The names that may be there, whoever gave them their values. */
const names = new Set([
  'host',
  'connection',
  'via',
  'content-length',
  'transfer-encoding',
  'content-type',
  'accept',
  'accept-encoding',
  'accept-language',
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'x-shop-api-key',
  'x-widget-token',
  'x-idempotency-key',
  'x-apikey',
  'x-source',
  'x-workspaceid',
  'x-leadtoken',
  'x-leaddigest',
  'x-timestamp',
])

function oddNames({ headers }: Recorded): string[] {
  return headers.flatMap(([name]) => [
    ...(name.includes('_') ? [`underscore: ${name}`] : []),
    ...(names.has(name.toLowerCase()) ? [] : [`not a header of ours: ${name}`]),
  ])
}

function strayTargets({ method, target }: Recorded): string[] {
  const path = target.split('?', 1)[0] ?? ''
  const routes = listed(method, path)
  if (routes.length === 0) return [`not listed: ${method} ${target}`]
  return readings(path).flatMap(({ reader, path: read }) =>
    listed(method, read).some((route) => routes.includes(route))
      ? []
      : [`${reader} reads ${method} ${target} as ${read}`],
  )
}

function listed(method: string, path: string) {
  return allowed.filter(
    (route) => (route.method === method || method === 'HEAD') && route.pattern.test(path),
  )
}
