import { Writable } from 'node:stream'
import { z } from 'zod'

const callSchema = z.object({
  msg: z.literal('call'),
  time: z.string(),
  status: z.number(),
  method: z.string().optional(),
  provider: z.string().nullish(),
  route: z.string().nullish(),
  principal: z.string().nullish(),
  code: z.string().nullish(),
  duration: z.number(),
})
type CallLine = z.infer<typeof callSchema>

/** Takes the gateway's log and prints its calls for people to read; the rest is not for a demo. */
export function createCallLines(print: (text: string) => unknown): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).split('\n')) {
        const call = readLine(line)
        if (call !== null) print(`${describe(call)}\n`)
      }
      done()
    },
  })
}

function readLine(line: string): CallLine | null {
  if (line === '') return null
  return callSchema.safeParse(JSON.parse(line)).data ?? null
}

function describe(call: CallLine): string {
  const { time, status, method = '', provider, route, principal, code, duration } = call
  const place = `${provider ?? 'gateway'} ${route ?? ''}`.trim()
  return [
    `  ${time.slice(11, 19)}`,
    String(status),
    method.padEnd(7),
    place.padEnd(58),
    (principal ?? '').padEnd(9),
    `${Math.round(duration)} ms`.padStart(7),
    ...(code ? [code] : []),
  ].join('  ')
}
