import type { Answer } from '../call.ts'
import { isObject, textIn } from '../json.ts'
import { offers } from './demo-content.ts'
import { item, list } from './envelope.ts'
import { showLead } from './lead.ts'
import type { Entry, Lead } from './lead.ts'
import { Refusal } from './refusal.ts'
import { existing, leadInQuery } from './visit.ts'
import type { Visit } from './visit.ts'

export type Collection =
  'activities' | 'coupons' | 'transactions' | 'creditTransactions' | 'referrals' | 'orders'

/** The lead that `GET /leads/{id}` means: whatever the query names goes before the path. */
export function findLead({ call, params, leads }: Pick<Visit, 'call' | 'params' | 'leads'>): Lead {
  const named = (name: string): string | null => call.query.get(name)
  return existing(
    leads.find({
      customer_id: named('customer_id'),
      referral_code: named('referral_code'),
      email: named('email'),
      mobile: named('mobile'),
      id: params['id'] ?? null,
    }),
  )
}

export function showFoundLead(visit: Visit): Answer {
  return item(showLead(findLead(visit)))
}

/** The one thing a customer may change, and only once. */
export function setBirthday({ body, params, leads }: Visit): Answer {
  const lead = existing(leads.byId(params['id'] ?? ''))
  const detail = body['metadetail']
  const dob = isObject(detail) ? textIn(detail, 'dob') : null
  if (dob === null || Object.keys(body).length !== 1) {
    throw new Refusal(422, 'Only metadetail.dob can be changed')
  }
  if (lead.dob !== null) throw new Refusal(422, 'dob is already set')
  lead.dob = dob
  return item(showLead(lead))
}

export function listOwn(collection: Collection): (visit: Visit) => Answer {
  return (visit) => list(visit.call, leadInQuery(visit)[collection])
}

/** The token or the query says whose orders; one of them has to. */
export function listOrders(visit: Visit): Answer {
  return list(visit.call, (visit.proven ?? leadInQuery(visit)).orders)
}

export function listReferrals({ call, leads }: Visit): Answer {
  const by = call.query.get('referred_by_lead_id')
  const to = call.query.get('referred_to_lead_id')
  if ((by === null) === (to === null)) {
    throw new Refusal(422, 'one of referred_by_lead_id and referred_to_lead_id is required')
  }
  const { referrals } = existing(leads.byId(by ?? to ?? ''))
  // Nobody in the demo data was invited: all referrals are by the lead.
  return list(call, by === null ? [] : referrals)
}

/** An entry of somebody else is refused to a token, whatever else the call says. */
export function showOwn(collection: Collection): (visit: Visit) => Answer {
  return ({ params, proven, leads }) => {
    const entry = findEntry(leads.all(), collection, params['id'] ?? '')
    if (entry === null) throw new Refusal(422, 'Item does not exists')
    if (proven !== null && entry.lead_id !== proven.id) {
      throw new Refusal(403, 'The item belongs to another lead')
    }
    return item(entry)
  }
}

function findEntry(leads: readonly Lead[], collection: Collection, id: string): Entry | null {
  for (const lead of leads) {
    const entry = lead[collection].find((entry) => entry._id === id)
    if (entry !== undefined) return entry
  }
  return null
}

export function listOffers({ call }: Visit): Answer {
  return list(call, offers)
}

export function showOffer({ params }: Visit): Answer {
  const offer = offers.find((offer) => offer._id === params['id'])
  if (offer === undefined) throw new Refusal(422, 'Offer does not exists')
  return item(offer)
}
