import { BlockList, isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'

/** Which address a call comes from. */
export type CallerAddress = (request: IncomingMessage) => string

/**
 * Forwarded headers count only from the listed proxies, and then the right-most hop that is not
 * one of them is the caller: everything left of it is what the caller wrote itself (threats T10).
 *
 * @param trusted addresses and CIDR blocks
 */
export function createCallerAddress(trusted: readonly string[]): CallerAddress {
  if (trusted.length === 0) return peerOf
  const proxies = blockList(trusted)
  const isProxy = (address: string) =>
    isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return (request) => {
    const hops = [...forwardedFor(request), peerOf(request)]
    return hops.findLast((hop) => !isProxy(hop)) ?? peerOf(request)
  }
}

function peerOf(request: IncomingMessage): string {
  return plain(request.socket.remoteAddress ?? '')
}

function forwardedFor(request: IncomingMessage): string[] {
  const header = request.headers['x-forwarded-for']
  const hops = (Array.isArray(header) ? header.join() : (header ?? '')).split(',')
  return hops.map((hop) => plain(hop.trim())).filter((hop) => isIP(hop) !== 0)
}

/** An IPv4 caller on a dual-stack socket is written as `::ffff:a.b.c.d`. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

function blockList(trusted: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of trusted) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}
