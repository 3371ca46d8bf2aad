import { openLead } from './lead.ts'
import type { Lead, LeadSeed } from './lead.ts'

/** Ways to name a lead, in the order in which Nector looks at them. */
export interface LeadNames {
  readonly customer_id?: string | null
  readonly referral_code?: string | null
  readonly email?: string | null
  readonly mobile?: string | null
  readonly id?: string | null
}

export interface LeadBook {
  all(): Lead[]
  byId(id: string): Lead | null
  byCustomer(customerId: string): Lead | null
  /** The first name that is given decides, also when it leads to nobody. */
  find(names: LeadNames): Lead | null
  add(seed: LeadSeed): Lead
  remove(id: string): void
  /** The same customer under a new id, as after a deletion and a new enrolment. */
  recreate(customerId: string, newId: string): void
}

export function createLeadBook(seeds: readonly LeadSeed[], now: () => number): LeadBook {
  const byId = new Map<string, Lead>()
  const byCustomer = new Map<string, Lead>()
  const all = (): Lead[] => [...byId.values()]

  const book: LeadBook = {
    all,
    byId: (id) => byId.get(id.toLowerCase()) ?? null,
    byCustomer: (customerId) => byCustomer.get(customerId) ?? null,

    find({ customer_id, referral_code, email, mobile, id }) {
      if (customer_id) return book.byCustomer(customer_id)
      if (referral_code) return all().find((lead) => lead.referralCode === referral_code) ?? null
      if (email) return all().find((lead) => lead.email === email) ?? null
      if (mobile) return all().find((lead) => lead.mobile === mobile) ?? null
      return id ? book.byId(id) : null
    },

    add(seed) {
      const lead = openLead(seed, now())
      byId.set(seed.id.toLowerCase(), lead)
      byCustomer.set(seed.customerId, lead)
      return lead
    },

    remove(id) {
      const lead = book.byId(id)
      if (lead === null) return
      byId.delete(id.toLowerCase())
      byCustomer.delete(lead.customerId)
    },

    recreate(customerId, newId) {
      const lead = byCustomer.get(customerId)
      if (lead === undefined) throw new Error(`The emulator has no lead for ${customerId}`)
      book.remove(lead.id)
      book.add({ id: newId, customerId, name: lead.name, available: lead.coins, tier: lead.tier })
    },
  }

  for (const seed of seeds) book.add(seed)
  return book
}
