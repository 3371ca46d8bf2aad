import { z } from 'zod'
import { durationSchema } from './duration.ts'

/**
 * How much one caller may hold of the public listener (docs/decisions/0010-listener-limits.md).
 * Every default sheds a caller that sends or reads too slowly within 15 seconds.
 */
export interface ListenLimits {
  /** Open connections; further ones are closed at once. */
  readonly connections: number
  readonly headerLines: number
  /** Names and values of all header lines. */
  readonly headerBytes: number
  /** The request target: path and query. */
  readonly targetBytes: number
  /** A body, whatever more the route would take. */
  readonly bodyBytes: number
  /** Milliseconds until all headers must have arrived. */
  readonly headers: number
  /** Milliseconds until the whole request must have arrived. */
  readonly request: number
  /** Milliseconds for which a connection may wait for its next request. */
  readonly idle: number
  /** Milliseconds for which a written answer may wait to be read. */
  readonly stalled: number
}

const MiB = 1024 * 1024

const shedding = durationSchema({ min: '100ms', max: '5m' })

export const listenLimitsSchema = z
  .strictObject({
    connections: z.int().min(1).max(1_000_000).default(10_000),
    headerLines: z.int().min(10).max(1_000).default(100),
    headerBytes: z
      .int()
      .min(1024)
      .max(64 * 1024)
      .default(16 * 1024),
    targetBytes: z
      .int()
      .min(256)
      .max(64 * 1024)
      .default(8 * 1024),
    bodyBytes: z
      .int()
      .min(16 * 1024)
      .max(64 * MiB)
      .default(8 * MiB)
      .describe('Lowers what a route would take; raises nothing'),
    headers: shedding.prefault('10s'),
    request: shedding.prefault('12s'),
    idle: shedding.prefault('10s'),
    stalled: shedding.prefault('10s'),
  })
  .describe('How much, and for how long, one caller may hold of the listener')
