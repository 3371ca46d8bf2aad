import { isIP } from 'node:net'
import { z } from 'zod'

/** An address or a CIDR block: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
export const networkSchema = z
  .string()
  .refine(isNetwork, 'must be an IP address or a CIDR block such as 10.0.0.0/8')

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (rest.length > 0 || address.includes('%')) return false
  return prefix === undefined ? bits > 0 : /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits
}

/** Whether a block holds every address of its family. */
export function isEverything(network: string): boolean {
  return /\/0+$/.test(network)
}
