import type { ServerResponse } from 'node:http'
import type { Arrival } from '../downstream/accept.ts'
import type { Body } from '../downstream/body.ts'
import { Problem } from '../problem.ts'
import type { Headers, Route, Upstream } from '../provider.ts'
import type { Authorization, Tokens } from '../tokens/authorize.ts'
import type { Flight } from './coalesce.ts'
import type { Dispatchers } from './dispatcher.ts'
import type { Forward, Outcome, SendingRecorder } from './forward.ts'
import { requestHeaders } from './request-headers.ts'
import type { AnswerContext } from './response-headers.ts'

/** A call that has been allowed and authorized. */
export interface Delivery {
  readonly arrival: Arrival
  readonly response: ServerResponse
  readonly route: Route
  /** Whose share of a quota it takes. */
  readonly caller: string
  /** Others may wait for the same answer; null where it is nobody else's. */
  readonly flight: Flight | null
  /** There is a better answer than one that says that the upstream fails. */
  readonly withholdsFaults: boolean
  /** Path and query to send, given the account that the token names. */
  readonly target: (account: string | null) => string
  readonly body: Body
  readonly context: AnswerContext
  readonly isReplayable: boolean
  /** Monotonic milliseconds. */
  readonly deadline: number
  readonly recorder: SendingRecorder
}

export interface DeliverParts {
  readonly tokens: Tokens
  readonly dispatchers: Dispatchers
  readonly forward: Forward
}

/**
 * Sends a call, and once more with another credential where the upstream refused the first and
 * sending it twice cannot do it twice. Throws `upstream/*` and `tokens/*` problems.
 */
export type Deliver = (delivery: Delivery, first: Authorization) => Promise<Delivered>

/** `withheld`: the upstream fails, and nothing was written to the caller. */
export type Delivered = 'answered' | 'withheld'

export function createDeliver({ tokens, dispatchers, forward }: DeliverParts): Deliver {
  const send = (delivery: Delivery, authorization: Authorization): Promise<Outcome> => {
    const { arrival, response, body, deadline, recorder } = delivery
    const { context, route, caller, flight, withholdsFaults } = delivery
    const { account, credential } = authorization
    const { upstream } = context
    return forward(
      {
        dispatcher: dispatchers.pool(upstream, route),
        method: arrival.method,
        target: delivery.target(account),
        headers: requestHeaders(arrival, upstream, credentialHeaders(authorization), context.via),
        body,
        deadline,
        namesAccount: account !== null,
        route,
        credential,
        caller,
        flight,
        withholdsFaults,
        context,
        recorder,
      },
      response,
    )
  }

  const conclude = (outcome: Outcome, authorization: Authorization): Delivered => {
    if (outcome.type === 'answered' && outcome.isAccountGone) tokens.accountGone(authorization)
    else tokens.accepted(authorization)
    return outcome.type === 'withheld' ? 'withheld' : 'answered'
  }

  return async (delivery, first) => {
    const outcome = await send(delivery, first)
    if (outcome.type !== 'refused') return conclude(outcome, first)

    // Also where the call cannot be sent again: the next one must not meet the same refusal.
    const second = await tokens.recover(first, outcome.head)
    if (!delivery.isReplayable || second === null) throw rejected(delivery.context.upstream)
    const last = await send(delivery, second)
    if (last.type !== 'refused') return conclude(last, second)
    tokens.giveUp(second, first)
    throw rejected(delivery.context.upstream)
  }
}

/** The long-lived part, then the token. */
function credentialHeaders({ credential, token }: Authorization): readonly Headers[] {
  const { headers, token: kind } = credential
  return token === null || kind === null ? [headers] : [headers, [[kind.header, token.value]]]
}

function rejected({ title }: Upstream): Problem {
  return new Problem(
    'upstream/credential-rejected',
    `${title} rejects the gateway’s credential; the shop’s configuration needs attention.`,
  )
}
