import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Arrival } from './downstream/accept.ts'
import { answerJson } from './downstream/answer.ts'
import { parseObject, readBodyFor } from './downstream/body-rule.ts'
import type { OwnEndpoint } from './endpoint.ts'
import type { Principal } from './identity/principal.ts'
import { networkOf } from './policy/limits.ts'
import type { Headers } from './provider.ts'

/** No document that the gateway takes itself is longer. */
const MAX_BODY_BYTES = 16 * 1024

export interface OwnRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly arrival: Arrival
  readonly principal: Principal
  readonly cors: Headers
}

/** Answers a call that the gateway serves itself, once it is decided that it may be made. */
export async function answerOwn(endpoint: OwnEndpoint, own: OwnRequest): Promise<void> {
  const { request, response, arrival, principal, cors } = own
  endpoint.limiter?.take(networkOf(arrival.address))
  const sent = await readBodyFor(request, arrival, { type: 'json', maxBytes: MAX_BODY_BYTES })
  const body = Buffer.isBuffer(sent) ? parseObject(sent) : undefined
  const answer = await endpoint.answer({ arrival, principal, body })
  const headers = answer.headers === undefined ? cors : [...cors, ...answer.headers]
  answerJson(response, answer.status, answer.body, arrival.id, headers)
}
