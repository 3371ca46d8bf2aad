import type { Arrival } from '../downstream/accept.ts'
import type { Channel } from '../provider.ts'

/** Browsers say where a call comes from; an app's HTTP stack says nothing. */
export function channelOf(headers: Arrival['headers']): Channel {
  return headers['origin'] !== undefined || headers['sec-fetch-site'] !== undefined
    ? 'browser'
    : 'app'
}
