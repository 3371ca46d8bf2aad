import { BlockList, isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'

/** Which address a call comes from. */
export type CallerAddress = (
  request: IncomingMessage,
  headers: Readonly<Record<string, string>>,
) => string

export interface CallerAddressOptions {
  /** Addresses and CIDR blocks. */
  readonly trusted: readonly string[]
  /**
   * Somebody in a private network, who is not listed, sends forwarded headers: most likely a proxy
   * that should be. Called once, with its address.
   */
  readonly onUnlisted: (peer: string) => void
}

/**
 * Forwarded headers count only from the listed proxies, and then the right-most hop that is not
 * one of them is the caller: everything left of it is what the caller wrote itself (threats T10).
 */
export function createCallerAddress({ trusted, onUnlisted }: CallerAddressOptions): CallerAddress {
  const proxies = blockList(trusted)
  const isListed = (address: string) => trusted.length > 0 && holds(proxies, address)
  let isTold = false

  return (request, headers) => {
    const peer = plain(request.socket.remoteAddress ?? '')
    if (isListed(peer)) return callerBehind(peer, headers['x-forwarded-for'] ?? '', isListed)
    if (!isTold && isForwarded(headers) && holds(privateNetworks, peer)) {
      isTold = true
      onUnlisted(peer)
    }
    return peer
  }
}

/** Hops are read from the right; one that is no address ends the reading, it proves nothing. */
function callerBehind(
  peer: string,
  forwardedFor: string,
  isListed: (address: string) => boolean,
): string {
  let caller = peer
  for (const hop of forwardedFor.split(',').toReversed()) {
    const address = addressIn(hop.trim())
    if (address === null) return caller
    caller = address
    if (!isListed(address)) return caller
  }
  return caller
}

/** Some proxies write the port as well: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
const HOP = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/

function addressIn(hop: string): string | null {
  const [, inBrackets, ipv4] = HOP.exec(hop) ?? []
  const address = plain(inBrackets ?? ipv4 ?? hop)
  return isIP(address) === 0 ? null : address
}

function isForwarded(headers: Readonly<Record<string, string>>): boolean {
  return headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined
}

/** An IPv4 caller on a dual-stack socket is written as `::ffff:a.b.c.d`. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

// Private use and loopback: RFC 1918, RFC 4193, RFC 6598, RFC 4291 §2.5.
const privateNetworks = blockList([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '::1',
  'fc00::/7',
  'fe80::/10',
])

function holds(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}
