import type { IncomingMessage } from 'node:http'
import { Problem } from '../problem.ts'
import type { Arrival } from './accept.ts'

/** Up to here a body is read whole before anything is sent, so that a broken one sends nothing. */
export const WHOLE_BODY_BYTES = 256 * 1024

/** The rest of a body that is too long to hold; `length` is null where the caller sent chunks. */
export interface BodyStream {
  readonly stream: AsyncIterable<Buffer>
  readonly length: number | null
}

export type Body = Buffer | BodyStream | null

export interface BodyLimits {
  readonly maxBytes: number
  /** Up to here it is read whole before anything is sent. */
  readonly whole: number
}

/**
 * The body of a request: all of it, or a stream that ends with an error as soon as it is longer
 * than `maxBytes`. Never decompressed, never parsed.
 */
export async function readBody(
  request: IncomingMessage,
  arrival: Arrival,
  { maxBytes, whole }: BodyLimits,
): Promise<Buffer | BodyStream> {
  if (arrival.contentLength > maxBytes) throw tooLarge(maxBytes)

  const chunks: Buffer[] = []
  let bytes = 0
  const reader = request.iterator({ destroyOnReturn: false })
  for await (const chunk of reader) {
    const buffer = chunk as Buffer
    chunks.push(buffer)
    bytes += buffer.length
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    if (bytes > whole) {
      const length = arrival.body === 'sized' ? arrival.contentLength : null
      return { stream: remaining(chunks, request, maxBytes), length }
    }
  }
  if (!request.complete) throw new Problem('downstream/malformed', 'The body ended early.')
  return Buffer.concat(chunks, bytes)
}

async function* remaining(
  head: readonly Buffer[],
  request: IncomingMessage,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  let bytes = 0
  for (const chunk of head) {
    bytes += chunk.length
    yield chunk
  }
  for await (const chunk of request) {
    const buffer = chunk as Buffer
    bytes += buffer.length
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    yield buffer
  }
  if (!request.complete) throw new Problem('downstream/malformed', 'The body ended early.')
}

function tooLarge(maxBytes: number): Problem {
  return new Problem(
    'downstream/body-too-large',
    `The body is larger than ${Math.round(maxBytes / 1024)} KiB.`,
  )
}
