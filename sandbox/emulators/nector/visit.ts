import type { Call } from '../call.ts'
import { textIn } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Question, Review } from './demo-content.ts'
import type { LeadBook } from './lead-book.ts'
import type { Lead } from './lead.ts'
import { Refusal } from './refusal.ts'

/** What shoppers have written, and everybody may read. */
export interface Shelf {
  readonly reviews: Review[]
  readonly questions: Question[]
}

/** A call after every check, with what the handlers need. */
export interface Visit {
  readonly call: Call
  readonly params: Readonly<Record<string, string>>
  /** Empty when the call has none. */
  readonly body: JsonObject
  /** The lead that the token proves; null with a key that needs no lead authentication. */
  readonly proven: Lead | null
  /** Whether the key is the WRITE key. */
  readonly isWriter: boolean
  readonly leads: LeadBook
  readonly shelf: Shelf
  readonly now: number
}

export const writeKeyNeeded = 'need nector write access api key'

/** The lead that a list names in its query. Ids of others were refused before. */
export function leadInQuery({ call, leads }: Visit): Lead {
  const id = call.query.get('lead_id')
  if (id === null || id === '') throw new Refusal(422, 'lead_id is required')
  return existing(leads.byId(id))
}

/** The lead that a write names in its body. */
export function leadInBody({ body, leads }: Visit): Lead {
  const customer_id = textIn(body, 'customer_id')
  const id = textIn(body, 'lead_id')
  if (customer_id === null && id === null) {
    throw new Refusal(422, 'lead_id or customer_id is required')
  }
  return existing(leads.find({ customer_id, id }))
}

export function existing(lead: Lead | null): Lead {
  if (lead === null) throw new Refusal(422, 'Lead does not exists')
  return lead
}
