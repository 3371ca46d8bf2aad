import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Arrival } from './downstream/accept.ts'
import type { Principal } from './identity/principal.ts'
import type { Headers } from './provider.ts'
import type { CallRecorder } from './record.ts'
import type { Storefront } from './storefront.ts'

/** One call on its way. */
export interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly arrival: Arrival
  readonly storefront: Storefront
  readonly principal: Principal
  /** For whatever answer it gets: CORS, and once it is counted, what is left of its limit. */
  headers: Headers
  readonly recorder: CallRecorder
}

/** Before it is known who makes it. */
export type UnidentifiedCall = Omit<Call, 'principal'>
