import type { AnswerHead, Upstream } from '../provider.ts'

/** Reads along in an answer that may say that the account is gone; the caller gets it as it is. */
export interface RefusalReader {
  read(chunk: Buffer): void
  isAccountGone(): boolean
}

/** No error document is longer. */
const MAX_BYTES = 4096

/** Null for answers that cannot say it: all but a few. */
export function createRefusalReader(
  { status, headers }: AnswerHead,
  { accountRefusal }: Upstream,
): RefusalReader | null {
  if (accountRefusal === null || status !== accountRefusal.status) return null
  // Nothing is decompressed here. To ask once more whether the account exists does no harm.
  if (headers['content-encoding'] !== undefined) {
    return { read: () => undefined, isAccountGone: () => true }
  }
  const chunks: Buffer[] = []
  let bytes = 0
  return {
    read(chunk) {
      if (bytes < MAX_BYTES) chunks.push(chunk)
      bytes += chunk.length
    },
    isAccountGone: () =>
      bytes <= MAX_BYTES && accountRefusal.isMeant(Buffer.concat(chunks).toString('utf8')),
  }
}
