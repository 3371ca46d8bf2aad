import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Tells the bench where this peer listens: one line on standard output. */
export function announce(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
  })
}

/** The upstream that the bench hands to every peer. */
export function upstreamUrl(): string {
  const url = process.argv[2]
  if (url === undefined) throw new Error('the upstream’s URL is missing')
  return url
}
