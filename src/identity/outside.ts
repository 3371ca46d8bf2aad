import { Client } from 'undici'

/** A question to the shop's own servers or its log-in. */
export interface Question {
  /** https, or http on loopback. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** A longer answer is no answer. */
  readonly maxBytes: number
}

export interface Reply {
  readonly status: number
  /** Lower-case names; a repeated header is a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Never follows a redirect and never asks twice. Rejects where no whole answer came in time. */
export type AskOutside = (question: Question) => Promise<Reply>

const CONNECT_TIMEOUT = 1_000
const WHOLE_TIMEOUT = 2_000

/**
 * Asks on a connection that nobody has used and nobody will use again: an answer that lay waiting
 * on a kept one would name somebody else's customer (threats T6).
 */
export const askOutside: AskOutside = async ({ url, headers, maxBytes }) => {
  const { origin, pathname, search } = new URL(url)
  const client = new Client(origin, {
    allowH2: false,
    maxHeaderSize: 16_384,
    maxResponseSize: maxBytes,
    headersTimeout: WHOLE_TIMEOUT,
    bodyTimeout: WHOLE_TIMEOUT,
    connect: { timeout: CONNECT_TIMEOUT },
  })
  try {
    const answer = await client.request({
      method: 'GET',
      path: pathname + search,
      headers: { 'accept-encoding': 'identity', ...headers },
      signal: AbortSignal.timeout(WHOLE_TIMEOUT),
    })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: await answer.body.text(),
    }
  } finally {
    // Not awaited: the answer is complete, and a slow close must not hold up who waits for it.
    void client.destroy()
  }
}
