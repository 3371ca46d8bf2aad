import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { OwnAnswer, OwnCall, OwnEndpoint } from '../endpoint.ts'
import { Problem } from '../problem.ts'
import { clearedCookie, SESSION_COOKIE, sessionCookie } from './cookie.ts'
import type { HandOffs } from './hand-off.ts'
import { subjectOf } from './principal.ts'
import type { Principal } from './principal.ts'
import type { Revocations } from './revocations.ts'
import type { Sessions } from './session.ts'

export interface SessionEndpoints {
  readonly storefront: string
  /** Null where the storefront has no session source: then nobody can make one. */
  readonly sessions: Sessions | null
  readonly handOffs: HandOffs
  readonly revocations: Revocations
  /** Any spelling of a customer id → the canonical one. Throws `downstream/malformed`. */
  readonly canonicalCustomer: (id: string) => string
  readonly clock: Clock
}

/** The scope of a service key that may make and end shoppers' sessions, and act for shoppers. */
export const SESSION_SCOPE = 'session'

const bodySchema = z.strictObject({ customerId: z.string(), handoff: z.boolean().optional() })
const codeSchema = z.strictObject({ code: z.string().max(128) })

/** `POST`, `GET` and `DELETE /session`, and `POST /session/redeem`. */
export function sessionEndpoints(context: SessionEndpoints): readonly OwnEndpoint[] {
  const common = { path: '/session', limiter: null }
  const { sessions } = context
  const always: OwnEndpoint[] = [
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
  if (sessions === null) return always
  return [
    ...always,
    {
      ...common,
      method: 'POST',
      callers: { service: SESSION_SCOPE },
      answer: (call) => create(call, sessions, context),
    },
    {
      ...common,
      path: '/session/redeem',
      method: 'POST',
      callers: { browser: true, channels: ['browser'] },
      answer: (call) => redeem(call, sessions, context),
    },
  ]
}

/** Who am I: the same shape for everybody, so that a page can ask without knowing. */
function describe(principal: Principal, storefront: string): object {
  const customer = subjectOf(principal)
  const isShopper = principal.kind === 'customer'
  return {
    storefront,
    channel: principal.channel,
    customer: customer === null ? null : { id: customer },
    expiresAt: isShopper ? new Date(principal.expiresAt).toISOString() : null,
  }
}

/** A session for the server to hand on, or a code for its page to trade for one. */
async function create(
  call: OwnCall,
  sessions: Sessions,
  context: SessionEndpoints,
): Promise<OwnAnswer> {
  const { customerId, handoff } = readBody(call.body)
  const customer = named(call.principal, context.canonicalCustomer(customerId))
  if (handoff === true) {
    const { code, expiresAt } = context.handOffs.create(customer)
    return { status: 201, body: { code, expiresAt: new Date(expiresAt).toISOString() } }
  }
  const { token, expiresAt } = await sessions.create(customer)
  return { status: 201, body: { token, expiresAt: new Date(expiresAt).toISOString() } }
}

/** The browser's half of a hand-off: the code goes, the cookie comes. No script sees the session. */
async function redeem(
  { body, principal }: OwnCall,
  sessions: Sessions,
  { handOffs, storefront, clock }: SessionEndpoints,
): Promise<OwnAnswer> {
  const { data } = codeSchema.safeParse(body)
  if (data === undefined) {
    throw new Problem('downstream/malformed', 'The body must be {"code": "…"}.')
  }
  const customer = handOffs.redeem(data.code)
  if (customer === null) {
    throw new Problem('identity/invalid', 'The code is not known, has been used or is too old.')
  }
  const { token, expiresAt } = await sessions.create(customer)
  const cookie = sessionCookie(token, expiresAt - clock.now())
  return {
    status: 200,
    body: {
      storefront,
      channel: principal.channel,
      customer: { id: customer },
      expiresAt: new Date(expiresAt).toISOString(),
    },
    headers: [['set-cookie', cookie]],
  }
}

/** One session for its shopper, all of a customer's for a server. */
function end({ principal, body, arrival }: OwnCall, context: SessionEndpoints): OwnAnswer {
  if (principal.kind === 'service') endAll(principal.customer, body, context)
  else if (principal.kind === 'customer' && principal.session !== null) {
    context.revocations.revokeSession(principal.session, principal.expiresAt)
  }
  const hasCookie = arrival.headers['cookie']?.includes(`${SESSION_COOKIE}=`) === true
  if (!hasCookie) return { status: 204, body: null }
  return { status: 204, body: null, headers: [['set-cookie', clearedCookie(SESSION_COOKIE)]] }
}

function endAll(acted: string | undefined, body: unknown, context: SessionEndpoints): void {
  const isNamed = acted !== undefined && body === undefined
  const customer = isNamed ? acted : context.canonicalCustomer(readBody(body).customerId)
  if (acted !== undefined && acted !== customer) throw somebodyElse()
  context.revocations.revokeCustomer(customer)
  context.handOffs.revokeCustomer(customer)
}

/** A server that acts for a customer speaks of that one. */
function named(principal: Principal, customer: string): string {
  const acted = subjectOf(principal)
  if (acted !== null && acted !== customer) throw somebodyElse()
  return customer
}

function readBody(body: unknown): z.infer<typeof bodySchema> {
  const { data } = bodySchema.safeParse(body)
  if (data !== undefined) return data
  throw new Problem('downstream/malformed', 'The body must be {"customerId": "…"}.')
}

function somebodyElse(): Problem {
  return new Problem('policy/subject-mismatch', 'The call names somebody else.')
}

function ok(body: object): OwnAnswer {
  return { status: 200, body }
}
