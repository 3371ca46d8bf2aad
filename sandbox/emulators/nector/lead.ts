import { createHash, randomUUID } from 'node:crypto'

import { offers, triggers } from './demo-content.ts'
import type { Offer } from './demo-content.ts'
import { Refusal } from './refusal.ts'
import { namedUuid } from './uuid.ts'

export interface LeadSeed {
  /** UUID v4. */
  readonly id: string
  /** As Nector knows it: `shopify-123`. */
  readonly customerId: string
  readonly name: string
  /** Coins; default 1250. */
  readonly available?: number
  /** Default `Fern`. */
  readonly tier?: string
}

export interface Entry {
  readonly _id: string
  readonly lead_id: string
  readonly created_at: string
  readonly [more: string]: unknown
}

/** A lead as the emulator keeps it. Coins are a number here and a string on the wire. */
export interface Lead {
  readonly id: string
  readonly customerId: string
  readonly name: string
  readonly email: string
  readonly mobile: string
  readonly tier: string
  readonly referralCode: string
  readonly createdAt: string
  dob: string | null
  coins: number
  credits: number
  readonly transactions: Entry[]
  readonly creditTransactions: Entry[]
  readonly coupons: Entry[]
  readonly activities: Entry[]
  readonly referrals: Entry[]
  readonly orders: Entry[]
  /** `hash` → the entry that was made with it; the only thing that makes a write idempotent. */
  readonly hashes: Map<string, Entry>
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** A lead with a plausible past, whose transactions add up to what is available. */
export function openLead(seed: LeadSeed, now: number): Lead {
  const coins = seed.available ?? 1250
  const code = createHash('sha256').update(seed.customerId).digest('hex').slice(0, 6)
  const at = (days: number): string => new Date(now - days * DAY).toISOString()
  const entry = (kind: string, n: number, days: number, more: object): Entry => ({
    _id: namedUuid(`${kind}:${seed.id}:${n}`),
    lead_id: seed.id,
    created_at: at(days),
    ...more,
  })

  return {
    id: seed.id,
    customerId: seed.customerId,
    name: seed.name,
    email: `${seed.name.split(' ', 1)[0]?.toLowerCase() ?? 'someone'}.${code}@example.com`,
    mobile: `+4915${String(Number.parseInt(code, 16)).padStart(9, '0')}`,
    tier: seed.tier ?? 'Fern',
    referralCode: `FERN-${code.toUpperCase()}`,
    createdAt: at(400),
    dob: null,
    coins,
    credits: 15,
    transactions: history(coins).map(([title, amount, days], n) =>
      entry('transaction', n, days, movement(title, amount)),
    ),
    creditTransactions: [
      entry('credit', 0, 90, movement('Gift card', 25)),
      entry('credit', 1, 30, movement('Paid with credit', -10)),
    ],
    coupons: offers
      .slice(0, 3)
      .map((offer, n) =>
        entry('coupon', n, 12 * (n + 1), { ...couponOf(offer, `${code}${n}`), is_used: n === 2 }),
      ),
    activities: triggers
      .slice(0, 4)
      .map((trigger, n) =>
        entry('activity', n, 15 * (n + 1), { trigger_id: trigger._id, name: trigger.name }),
      ),
    referrals: ['Ada', 'Bo'].map((name, n) =>
      entry('referral', n, 40 * (n + 1), {
        referred_by_lead_id: seed.id,
        referred_to_lead_id: namedUuid(`friend:${seed.id}:${n}`),
        name,
        status: n === 0 ? 'completed' : 'pending',
      }),
    ),
    orders: ['1001', '1042', '1077', '1103'].map((number, n) =>
      entry('order', n, 20 * (4 - n), {
        reference_order_id: `${code}-${number}`,
        amount: (29.9 + n * 21.4).toFixed(2),
        currency: 'EUR',
        status: n === 3 ? 'shipped' : 'delivered',
      }),
    ),
    hashes: new Map(),
  }
}

/** Twelve movements; the first makes up for the rounding of the others. */
function history(coins: number): [title: string, amount: number, daysAgo: number][] {
  const parts: [string, number, number][] = [
    ['Order 1001', 0.1, 320],
    ['Wrote a review', 0.04, 300],
    ['Order 1018', 0.16, 240],
    ['Redeemed: 5 € off', -0.2, 210],
    ['Birthday', 0.12, 170],
    ['Order 1042', 0.14, 120],
    ['Followed us on Instagram', 0.03, 95],
    ['Redeemed: Free shipping', -0.12, 80],
    ['Order 1077', 0.18, 40],
    ['Invited Ada', 0.1, 25],
    ['Order 1103', 0.09, 8],
  ]
  const later = parts.map(([title, part, days]): [string, number, number] => [
    title,
    Math.round(coins * part),
    days,
  ])
  const sum = later.reduce((sum, [, amount]) => sum + amount, 0)
  return [['Welcome to the club', coins - sum, 400], ...later]
}

/** Moves coins and writes it down. Spending more than there is changes nothing. */
export function moveCoins(
  lead: Lead,
  amount: number,
  title: string,
  now: number,
  more: object = {},
): Entry {
  if (lead.coins + amount < 0) throw new Refusal(422, 'Insufficient wallet balance')
  lead.coins += amount
  return record(lead, lead.transactions, { ...movement(title, amount), ...more }, now)
}

export function moveCredits(lead: Lead, amount: number, title: string, now: number): Entry {
  if (lead.credits + amount < 0) throw new Refusal(422, 'Insufficient credit balance')
  lead.credits += amount
  return record(lead, lead.creditTransactions, movement(title, amount), now)
}

export function giveCoupon(lead: Lead, offer: Offer, now: number): Entry {
  const code = randomUUID().slice(0, 8)
  return record(lead, lead.coupons, { ...couponOf(offer, code), is_used: false }, now)
}

export function record(lead: Lead, entries: Entry[], more: object, now: number): Entry {
  const entry: Entry = {
    _id: randomUUID(),
    lead_id: lead.id,
    created_at: new Date(now).toISOString(),
    ...more,
  }
  entries.push(entry)
  return entry
}

function movement(title: string, amount: number): object {
  return { title, operation: amount < 0 ? 'dr' : 'cr', amount: String(Math.abs(amount)) }
}

function couponOf(offer: Offer, code: string): object {
  return { offer_id: offer._id, name: offer.name, value: `FK-${code.toUpperCase()}` }
}

/** The lead as it is answered. */
export function showLead(lead: Lead): object {
  return {
    _id: lead.id,
    customer_id: lead.customerId,
    entity_id: namedUuid('entity:fern-and-kettle'),
    name: lead.name,
    mobile: lead.mobile.replace(/^(\+\d\d)\d+(\d\d)$/, '$1******$2'),
    email: lead.email.replace(/^(.).*@/, '$1***@'),
    available: String(lead.coins),
    tier: lead.tier,
    wallet: { available: String(lead.coins) },
    creditwallet: { available: String(lead.credits) },
    referral_code: lead.referralCode,
    metadetail: { dob: lead.dob },
    created_at: lead.createdAt,
  }
}
