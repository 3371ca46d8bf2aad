import type { IncomingHttpHeaders } from 'node:http'

/** Names and values in turn: no answer worth passing on has more lines. */
const MOST_LINES = 200 * 2

/**
 * What is wrong with an answer that the parser has let through, in words for the caller; null where
 * nothing is (threats T5).
 *
 * @param raw the header lines as they came, names and values in turn, where they are known
 */
export function oddityOf(
  status: number,
  headers: IncomingHttpHeaders,
  raw: unknown,
): string | null {
  if (status > 599) return 'a status that does not exist'
  // RFC 9112 §6.1: we ask for no transfer coding but chunked, so we cannot undo another one.
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding !== 'chunked') return 'a transfer coding it was not asked for'
  if (Array.isArray(raw) && raw.length > MOST_LINES) return 'too many headers'
  return null
}
