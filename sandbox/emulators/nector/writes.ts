import { randomUUID } from 'node:crypto'

import type { Answer } from '../call.ts'
import { numberIn, textIn } from '../json.ts'
import { offers, triggers } from './demo-content.ts'
import type { Offer } from './demo-content.ts'
import { item } from './envelope.ts'
import { giveCoupon, moveCoins, moveCredits, record, showLead } from './lead.ts'
import type { Entry, Lead } from './lead.ts'
import { Refusal } from './refusal.ts'
import { leadInBody, writeKeyNeeded } from './visit.ts'
import type { Visit } from './visit.ts'

export function addLead({ body, leads }: Visit): Answer {
  const customerId = textIn(body, 'customer_id')
  const name = textIn(body, 'name')
  if (customerId === null) throw new Refusal(422, 'customer_id is required')
  if (name === null) throw new Refusal(422, 'name is required')
  if (leads.byCustomer(customerId) !== null) throw new Refusal(422, 'Lead already exists')
  return item(showLead(leads.add({ id: randomUUID(), customerId, name, available: 0 })))
}

/** Open triggers may be reported by a shopper; all others are the shop's to report. */
export function addActivity(visit: Visit): Answer {
  const { body, isWriter, now } = visit
  const trigger = triggers.find(({ _id }) => _id === body['trigger_id'])
  if (trigger === undefined) throw new Refusal(422, 'Trigger does not exists')
  if (trigger.type !== 'Open' && !isWriter) throw new Refusal(403, writeKeyNeeded)

  const lead = leadInBody(visit)
  const more = { trigger_id: trigger._id, name: trigger.name, trace: body['trace'] ?? null }
  const activity = record(lead, lead.activities, more, now)
  const wallet_reward = moveCoins(lead, trigger.coins, trigger.name, now)
  return item(activity, { activity, wallet_reward })
}

/** Turns coins into a coupon. */
export function redeemOffer(visit: Visit): Answer {
  const offer = offerIn(visit)
  const lead = leadInBody(visit)
  const transaction = moveCoins(lead, -offer.coin_amount, `Redeemed: ${offer.name}`, visit.now)
  const coupon = giveCoupon(lead, offer, visit.now)
  return item(coupon, { coupon, wallettransaction: transaction })
}

/** A coupon for nothing: a present of the shop. */
export function rewardOffer(visit: Visit): Answer {
  const offer = offerIn(visit)
  const lead = leadInBody(visit)
  const coupon = onceByHash(visit, lead, () => giveCoupon(lead, offer, visit.now))
  return item(coupon, { coupon })
}

function offerIn({ body }: Visit): Offer {
  const offer = offers.find(({ _id }) => _id === body['offer_id'])
  if (offer === undefined) throw new Refusal(422, 'Offer does not exists')
  return offer
}

export function addMovement(wallet: 'coins' | 'credits'): (visit: Visit) => Answer {
  return (visit) => {
    const { body, now } = visit
    const lead = leadInBody(visit)
    const amount = numberIn(body, 'amount')
    const operation = body['operation'] ?? 'cr'
    if (amount === null || amount <= 0) throw new Refusal(422, 'amount is not valid')
    if (operation !== 'cr' && operation !== 'dr') throw new Refusal(422, 'operation is not valid')

    const signed = operation === 'dr' ? -amount : amount
    const title = textIn(body, 'title') ?? 'Changed by the shop'
    const move = wallet === 'coins' ? moveCoins : moveCredits
    return item(onceByHash(visit, lead, () => move(lead, signed, title, now)))
  }
}

/** With the same hash a write happens once, and answers the same again. */
function onceByHash({ body, call }: Visit, lead: Lead, write: () => Entry): Entry {
  const hash = textIn(body, 'hash')
  if (hash === null) return write()
  if (hash.length > 64) throw new Refusal(422, 'hash is longer than 64')

  const key = `${call.path} ${hash}`
  const earlier = lead.hashes.get(key)
  if (earlier !== undefined) return earlier
  const entry = write()
  lead.hashes.set(key, entry)
  return entry
}
