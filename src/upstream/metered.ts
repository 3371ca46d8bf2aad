import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { Problem } from '../problem.ts'
import type { Budgets } from './budget/budgets.ts'
import { priorityOf } from './budget/priority.ts'
import type { Compartments } from './compartment.ts'
import { callerGone } from './failure.ts'
import type { Forward, Transfer } from './forward.ts'
import { beginSending } from './sending.ts'
import type { Dispatchable, Sending } from './sending.ts'

export interface MeteredParts {
  readonly forward: Forward
  readonly budgets: Budgets
  readonly compartments: Compartments
  readonly clock: Clock
}

/**
 * Forwards within the upstream's quota and only while it is well, and once more where the connection
 * failed before the upstream said anything. Throws `upstream/over-budget` and
 * `upstream/circuit-open` beside what `forward` throws.
 */
export function createMetered(parts: MeteredParts): Forward {
  const { forward, budgets, compartments, clock } = parts

  return async (transfer, response) => {
    const { route, context, credential, caller } = transfer
    const { upstream } = context
    const what: Dispatchable = {
      gate: budgets.forCall(upstream, route, credential),
      compartment: compartments(upstream, route.family),
      caller,
      priority: priorityOf(route),
    }
    const { retries } = what.compartment
    retries.earn()
    const sending = await turn(what, transfer, response)
    try {
      return await forward(transfer, response, sending)
    } catch (error) {
      if (!mayRetry(error, sending, transfer, response) || !retries.spend()) throw error
    }
    return forward(transfer, response, await turn(what, transfer, response))
  }

  /** A value where the call may go at once: awaiting one costs a turn of the microtasks, no more. */
  function turn(
    what: Dispatchable,
    { flight }: Transfer,
    response: ServerResponse,
  ): Sending | Promise<Sending> {
    return beginSending(what, clock, (abandon) => {
      const onClose = () => {
        if (flight?.isWanted !== true) abandon(callerGone())
      }
      response.once('close', onClose)
      return () => response.off('close', onClose)
    })
  }
}

/**
 * Only what changes nothing, and only where nothing of an answer has come: an upstream that answers
 * 503 has been reached, and a time-out has taken long enough.
 */
function mayRetry(
  error: unknown,
  sending: Sending,
  { method, body }: Transfer,
  response: ServerResponse,
): boolean {
  const isSafe = (method === 'GET' || method === 'HEAD') && body === null
  const isLost = error instanceof Problem && error.code === 'upstream/unreachable'
  return isSafe && isLost && !sending.hasHead && !response.destroyed && !response.headersSent
}

