import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { Problem } from '../problem.ts'
import type { Credential, Route } from '../provider.ts'
import type { Budgets } from './budget/budgets.ts'
import { priorityOf } from './budget/priority.ts'
import type { Compartments } from './compartment.ts'
import { callerGone } from './failure.ts'
import type { Forward, Transfer } from './forward.ts'
import { beginSending, Sending } from './sending.ts'
import type { Dispatchable, Pending } from './sending.ts'

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

  // Routes and credentials are prepared at start, and so is what their calls pass.
  const prepared = new WeakMap<Credential, WeakMap<Route, Dispatchable>>()

  return async (transfer, response) => {
    const what = dispatchableOf(transfer)
    const { retries } = what.compartment
    retries.earn()
    const first = beginSending(what, transfer.caller, clock)
    const sending = first instanceof Sending ? first : await inQueue(first, transfer, response)
    try {
      return await forward(transfer, response, sending)
    } catch (error) {
      if (!mayRetry(error, sending, transfer, response) || !retries.spend()) throw error
    }
    const again = beginSending(what, transfer.caller, clock)
    const second = again instanceof Sending ? again : await inQueue(again, transfer, response)
    return forward(transfer, response, second)
  }

  function dispatchableOf({ route, credential, context }: Transfer): Dispatchable {
    let byRoute = prepared.get(credential)
    if (byRoute === undefined) prepared.set(credential, (byRoute = new WeakMap()))
    const known = byRoute.get(route)
    if (known !== undefined) return known
    const created = {
      gate: budgets.forCall(context.upstream, route, credential),
      compartment: compartments(context.upstream, route.family),
      priority: priorityOf(route),
    }
    byRoute.set(route, created)
    return created
  }
}

/** Waits for its turn, as long as anybody waits for the answer. */
async function inQueue(
  pending: Pending,
  { flight }: Transfer,
  response: ServerResponse,
): Promise<Sending> {
  const onClose = () => {
    if (flight?.isWanted !== true) pending.abandon(callerGone())
  }
  response.once('close', onClose)
  try {
    return await pending.sending
  } finally {
    response.off('close', onClose)
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
