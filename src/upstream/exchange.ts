import type { Clock } from '../clock.ts'
import { Problem } from '../problem.ts'
import type { ExchangeAnswer, ExchangeRequest, Send, TokenKind, Upstream } from '../provider.ts'
import type { TokenTuple } from '../tokens/key.ts'
import type { Budgets } from './budget/budgets.ts'
import { EXCHANGE } from './budget/priority.ts'
import { EXCHANGES } from './compartment.ts'
import type { Compartments } from './compartment.ts'
import type { Dispatchers } from './dispatcher.ts'
import { failureOf, isTheirs } from './failure.ts'
import { beginSending, Sending } from './sending.ts'

/** No answer that holds a token is longer (threats F16). */
const MAX_ANSWER_BYTES = 64 * 1024
const DEADLINE = 5_000

export interface ExchangeRecord {
  readonly upstream: Upstream
  /** Milliseconds. */
  readonly duration: number
  /** Null where there was no answer. */
  readonly status: number | null
}

export interface ExchangeParts {
  readonly dispatchers: Dispatchers
  readonly budgets: Budgets
  readonly compartments: Compartments
  readonly clock: Clock
  readonly onExchange: (record: ExchangeRecord) => void
}

/** Exchanges for one kind of token, for whom the tuple names. */
export type Exchange = (upstream: Upstream, kind: TokenKind, tuple: TokenTuple) => Send

/**
 * Sends one exchange, on a connection that nobody has used and nobody will use again: an answer
 * waiting there for somebody else cannot exist. Never retried. It belongs to nobody's call, so it
 * goes on when a caller hangs up. Throws `tokens/exchange-unavailable` where no usable answer came,
 * `upstream/over-budget`, `upstream/circuit-open` and `downstream/overloaded` where it was not sent.
 */
export function createExchange(parts: ExchangeParts): Exchange {
  const { dispatchers, budgets, compartments, clock, onExchange } = parts
  return (upstream, kind, tuple) => async (request) => {
    const what = {
      gate: budgets.forExchange(upstream, kind, tuple.keyFingerprint),
      compartment: compartments(upstream, EXCHANGES),
      priority: EXCHANGE,
    }
    const begun = beginSending(what, `${tuple.storefront} customer ${tuple.customer ?? ''}`, clock)
    const sending = begun instanceof Sending ? begun : await begun.sending
    const startedAt = clock.monotonic()
    const record = (status: number | null) =>
      onExchange({ upstream, status, duration: clock.monotonic() - startedAt })
    try {
      const answer = await sendOnce(dispatchers, upstream, request, sending)
      record(answer.status)
      return answer
    } catch (error) {
      const failure = failureOf(error, upstream.title)
      // An answer that is too long is a Problem of ours, and their fault.
      const isOurs = !(error instanceof Problem) && !isTheirs(failure)
      sending.failed(!isOurs)
      record(null)
      if (isOurs || error instanceof Problem) throw failure
      throw new Problem(
        'tokens/exchange-unavailable',
        `${upstream.title} cannot be asked for a token now.`,
        { retryAfter: 5, cause: error },
      )
    }
  }
}

async function sendOnce(
  dispatchers: Dispatchers,
  upstream: Upstream,
  request: ExchangeRequest,
  sending: Sending,
): Promise<ExchangeAnswer> {
  const dispatcher = dispatchers.fresh(upstream)
  try {
    const { statusCode, headers, body } = await dispatcher.request({
      origin: upstream.origin,
      method: request.method,
      path: request.path,
      headers: Object.fromEntries([
        ['accept', 'application/json'],
        // Never compressed: what is read here must be what was sent.
        ['accept-encoding', 'identity'],
        ...upstream.headers,
        ...request.headers,
      ]),
      signal: AbortSignal.timeout(DEADLINE),
    })
    sending.answered({ status: statusCode, headers })
    return { status: statusCode, headers: joined(headers), body: await readCapped(body) }
  } finally {
    // Not awaited: the answer is complete, and a slow close must not hold up who waits for it.
    void dispatcher.destroy()
  }
}

async function readCapped(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) {
      throw new Problem('tokens/exchange-refused', 'The answer to the exchange is too long.')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function joined(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name, String(value ?? '')])
  return Object.fromEntries(entries) as Record<string, string>
}
