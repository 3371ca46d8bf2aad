import { z } from 'zod'
import type { OwnAnswer, OwnCall, OwnEndpoint } from '../endpoint.ts'
import { Problem } from '../problem.ts'
import type { Principal } from './principal.ts'
import type { Revocations } from './revocations.ts'
import type { Sessions } from './session.ts'

export interface SessionEndpoints {
  readonly storefront: string
  /** Null where the storefront has no session source: then nobody can make one. */
  readonly sessions: Sessions | null
  readonly revocations: Revocations
  /** Any spelling of a customer id → the canonical one. Throws `downstream/malformed`. */
  readonly canonicalCustomer: (id: string) => string
}

/** The scope of a service key that may make and end shoppers' sessions. */
export const SESSION_SCOPE = 'session'

const bodySchema = z.strictObject({ customerId: z.string() })

/** `POST`, `GET` and `DELETE /session`. */
export function sessionEndpoints(context: SessionEndpoints): readonly OwnEndpoint[] {
  const path = '/session'
  const common = { path, limiter: null }
  const { sessions } = context
  const reads: OwnEndpoint[] = [
    {
      ...common,
      method: 'GET',
      callers: { anonymous: true },
      answer: ({ principal }) => ok(describe(principal, context.storefront)),
    },
    {
      ...common,
      method: 'DELETE',
      callers: { customer: 'read', service: SESSION_SCOPE },
      answer: (call) => end(call, context),
    },
  ]
  if (sessions === null) return reads
  const create = async ({ body }: OwnCall): Promise<OwnAnswer> => {
    const { token, expiresAt } = await sessions.create(readCustomer(body, context))
    return { status: 201, body: { token, expiresAt: new Date(expiresAt).toISOString() } }
  }
  return [
    ...reads,
    { ...common, method: 'POST', callers: { service: SESSION_SCOPE }, answer: create },
  ]
}

/** Who am I: the same shape for everybody, so that a page can ask without knowing. */
function describe(principal: Principal, storefront: string): object {
  const isCustomer = principal.kind === 'customer'
  return {
    storefront,
    channel: principal.channel,
    customer: isCustomer ? { id: principal.customer } : null,
    expiresAt: isCustomer ? new Date(principal.expiresAt).toISOString() : null,
  }
}

function end({ principal, body }: OwnCall, context: SessionEndpoints): OwnAnswer {
  if (principal.kind === 'customer' && principal.session !== null) {
    context.revocations.revokeSession(principal.session, principal.expiresAt)
  }
  if (principal.kind === 'service') context.revocations.revokeCustomer(readCustomer(body, context))
  return { status: 204, body: null }
}

function readCustomer(body: unknown, context: SessionEndpoints): string {
  const parsed = bodySchema.safeParse(body)
  if (!parsed.success) {
    throw new Problem('downstream/malformed', 'The body must be {"customerId": "…"}.')
  }
  return context.canonicalCustomer(parsed.data.customerId)
}

function ok(body: object): OwnAnswer {
  return { status: 200, body }
}
