/** The merchant API as data: who may call what, and which names a query may have. */
import type { Answer } from '../call.ts'
import type { Route } from '../route.ts'
import * as content from './content.ts'
import * as customer from './customer.ts'
import { listNames } from './envelope.ts'
import type { Visit } from './visit.ts'
import * as writes from './writes.ts'

/**
 * `lead`: digest or token · `customer`: token · `content`: open, unless the call names a lead ·
 * `write`: the WRITE key.
 */
export type Audience = 'lead' | 'customer' | 'content' | 'write'

export interface MerchantRoute extends Route {
  readonly for: Audience
  /** Allowed query names; null where Nector is not known to be strict. */
  readonly names: readonly string[] | null
  answer(visit: Visit): Answer
}

export const merchantBase = '/api/v2/merchant'

const ofLead = [...listNames, 'lead_id']
// Nector's own widget names the wallet as well.
const ofWallet = [...ofLead, 'wallet_id']
const lookUp = ['customer_id', 'referral_code', 'email', 'mobile']
const referred = ['referred_by_lead_id', 'referred_to_lead_id']

export const merchantRoutes: readonly MerchantRoute[] = [
  route('GET', '/leads/:id', 'lead', lookUp, customer.showFoundLead),
  route('PUT', '/leads/:id', 'customer', [], customer.setBirthday),
  route('POST', '/leads', 'write', [], writes.addLead),

  route('GET', '/activities', 'customer', ofLead, customer.listOwn('activities')),
  route('GET', '/coupons', 'customer', ofLead, customer.listOwn('coupons')),
  route('GET', '/coupons/:id', 'customer', ['lead_id'], customer.showOwn('coupons')),
  route('GET', '/wallettransactions', 'customer', ofWallet, customer.listOwn('transactions')),
  route(
    'GET',
    '/wallettransactions/:id',
    'customer',
    ['lead_id'],
    customer.showOwn('transactions'),
  ),
  route(
    'GET',
    '/creditwallettransactions',
    'customer',
    ofWallet,
    customer.listOwn('creditTransactions'),
  ),
  route('GET', '/referrals', 'customer', [...listNames, ...referred], customer.listReferrals),
  route('GET', '/referrals/:id', 'customer', referred, customer.showOwn('referrals')),
  route('GET', '/orders', 'customer', ofLead, customer.listOrders),
  route('GET', '/orders/:id', 'customer', ['lead_id'], customer.showOwn('orders')),
  route('GET', '/offers', 'customer', ofLead, customer.listOffers),
  route('GET', '/offers/:id', 'customer', ['lead_id'], customer.showOffer),

  route('POST', '/activities', 'customer', [], writes.addActivity),
  route('POST', '/offerredeems', 'customer', [], writes.redeemOffer),
  route('POST', '/publicofferredeems', 'customer', [], writes.redeemOffer),
  route('POST', '/offerrewards', 'write', [], writes.rewardOffer),
  route('POST', '/publicofferrewards', 'write', [], writes.rewardOffer),
  route('POST', '/wallettransactions', 'write', [], writes.addMovement('coins')),
  route('POST', '/creditwallettransactions', 'write', [], writes.addMovement('credits')),

  route('GET', '/triggers', 'content', null, content.listTriggers),
  route('GET', '/aggreegateddetails', 'content', null, content.showDetails),
  route('GET', '/aggreegatedoffers', 'content', null, content.listAllOffers),
  route('GET', '/reviews', 'content', null, content.listReviews),
  route('GET', '/reviews/:id', 'content', null, content.showReview),
  route('GET', '/reviews-count', 'content', null, content.countReviews),
  route('GET', '/qnas', 'content', null, content.listQuestions),
  route('GET', '/qnas/:id', 'content', null, content.showQuestion),
  route('GET', '/qnas-count', 'content', null, content.countQuestions),
  route('GET', '/entities/:id', 'content', null, content.showEntity),
  route('POST', '/reviews', 'content', null, content.addReview),
  route('POST', '/qnas', 'content', null, content.addQuestion),
  route('POST', '/uploads', 'content', null, content.addUpload),
]

/** A read that is in no documentation, such as the VIP tiers; answers a list of tiers. */
export interface FurtherRead {
  /** Below `/api/v2/merchant`: `/viptiers`. */
  readonly get: string
  readonly for: 'customer' | 'content'
}

export function furtherRoute({ get, for: audience }: FurtherRead): MerchantRoute {
  return route('GET', get, audience, audience === 'customer' ? ofLead : null, content.listTiers)
}

function route(
  method: string,
  path: string,
  audience: Audience,
  names: readonly string[] | null,
  answer: (visit: Visit) => Answer,
): MerchantRoute {
  return { method, path: `${merchantBase}${path}`, for: audience, names, answer }
}
