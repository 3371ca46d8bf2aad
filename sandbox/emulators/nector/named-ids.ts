import type { Call } from '../call.ts'
import { isObject } from '../json.ts'
import type { Lead } from './lead.ts'

/** An id of a lead or customer that a call names, wherever it does. */
export interface NamedId {
  readonly name: string
  readonly value: unknown
}

const leadNames = ['lead_id', 'referred_by_lead_id', 'referred_to_lead_id']
const names = new Set([...leadNames, 'customer_id', 'email', 'mobile', 'referral_code'])

/** Every id in query and body, at any depth. The path is the route's to know. */
export function namedIds(call: Call, body: unknown): NamedId[] {
  const inQuery = [...call.query].map(([name, value]) => ({ name, value }))
  return [...inQuery.filter(({ name }) => names.has(name)), ...inJson(body)]
}

function inJson(value: unknown): NamedId[] {
  if (Array.isArray(value)) return value.flatMap(inJson)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, value]) =>
    names.has(name) ? [{ name, value }] : inJson(value),
  )
}

export function isOwn(lead: Lead, { name, value }: NamedId): boolean {
  if (leadNames.includes(name)) {
    return typeof value === 'string' && value.toLowerCase() === lead.id.toLowerCase()
  }
  if (name === 'customer_id') return value === lead.customerId
  if (name === 'email') return value === lead.email
  return value === (name === 'mobile' ? lead.mobile : lead.referralCode)
}
