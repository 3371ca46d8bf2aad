import type { Answer, Call } from '../call.ts'
import { numberIn, readObject, textIn } from '../json.ts'
import { item } from './envelope.ts'
import type { LeadBook } from './lead-book.ts'
import { moveCoins, moveCredits } from './lead.ts'
import type { Lead } from './lead.ts'
import { Refusal } from './refusal.ts'
import { existing } from './visit.ts'

/** What an order has taken so far, and gets back when it is reverted. */
interface Payment {
  readonly lead: Lead
  readonly coins: number
  readonly credits: number
}

export type Checkout = (call: Call, now: number) => Answer

/**
 * The integration webhook that redeems coins while an order is paid. It knows no session: whoever
 * has the secret in its path may spend anybody's coins.
 */
export function createCheckout(leads: LeadBook): Checkout {
  const payments = new Map<string, Payment>()

  return (call, now) => {
    const body = readObject(call.bytes)
    if (body === null) throw new Refusal(422, 'Body is not valid')
    const customer_id = textIn(body, 'customer_id')
    const mobile = textIn(body, 'mobile')
    if (customer_id === null && mobile === null) throw new Refusal(422, 'customer_id is required')
    const lead = existing(leads.find({ customer_id, mobile }))

    const { action } = body
    if (action === 'list') return balance(lead)
    const order = textIn(body, 'reference_order_id')
    if (order === null) throw new Refusal(422, 'reference_order_id is required')
    if (action === 'revert') return revert(lead, order, now)
    if (action !== 'perform') throw new Refusal(422, 'action is not valid')

    const amount = numberIn(body, 'amount')
    if (amount === null || amount <= 0) throw new Refusal(422, 'amount is not valid')
    return perform(lead, order, amount, body['wallet_type'] ?? 'coins', now)
  }

  function perform(
    lead: Lead,
    order: string,
    amount: number,
    walletType: unknown,
    now: number,
  ): Answer {
    const key = `${lead.customerId} ${order}`
    if (payments.has(key)) throw new Refusal(422, 'The order is already redeemed')

    const { coins, credits } = split(lead, amount, walletType)
    if (coins > lead.coins) throw new Refusal(422, 'Insufficient wallet balance')
    if (credits > lead.credits) throw new Refusal(422, 'Insufficient credit balance')
    if (coins > 0) moveCoins(lead, -coins, `Order ${order}`, now)
    if (credits > 0) moveCredits(lead, -credits, `Order ${order}`, now)
    payments.set(key, { lead, coins, credits })
    return balance(lead)
  }

  function revert(lead: Lead, order: string, now: number): Answer {
    const key = `${lead.customerId} ${order}`
    const payment = payments.get(key)
    if (payment === undefined) throw new Refusal(422, 'The order is not redeemed')

    payments.delete(key)
    if (payment.coins > 0) moveCoins(lead, payment.coins, `Reverted: order ${order}`, now)
    if (payment.credits > 0) moveCredits(lead, payment.credits, `Reverted: order ${order}`, now)
    return balance(lead)
  }
}

/** With both wallets the credits go first, since coins may still buy an offer. */
function split(
  lead: Lead,
  amount: number,
  walletType: unknown,
): { coins: number; credits: number } {
  if (walletType === 'coins') return { coins: amount, credits: 0 }
  if (walletType === 'credits') return { coins: 0, credits: amount }
  if (walletType !== 'coins_and_credits') throw new Refusal(422, 'wallet_type is not valid')
  const credits = Math.min(amount, lead.credits)
  return { coins: amount - credits, credits }
}

function balance(lead: Lead): Answer {
  return item({
    customer_id: lead.customerId,
    available: String(lead.coins),
    wallet: { available: String(lead.coins) },
    creditwallet: { available: String(lead.credits) },
  })
}
