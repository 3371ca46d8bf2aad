import type { LeadSeed } from './emulators/nector.ts'
import { namedUuid } from './emulators/nector/uuid.ts'

/** Somebody with an account at the demo shop. */
export interface Shopper {
  /** The customer id at the shop's platform. */
  readonly id: string
  readonly name: string
  readonly note: string
}

interface Member extends Shopper {
  readonly coins: number
  readonly tier: string
}

const members: readonly Member[] = [
  { id: '1001', name: 'Alma Castro', note: 'A regular, Oak tier', coins: 2380, tier: 'Oak' },
  { id: '1002', name: 'Jonas Weber', note: 'Comes by now and then', coins: 640, tier: 'Fern' },
  { id: '1003', name: 'Mei Tanaka', note: 'Joined lately', coins: 120, tier: 'Seedling' },
]

const notEnrolled: Shopper = {
  id: '1004',
  name: 'Noah Martin',
  note: 'Not in the loyalty programme',
}

export const shoppers: readonly Shopper[] = [...members, notEnrolled].map(({ id, name, note }) => ({
  id,
  name,
  note,
}))

/** Those of them whom the loyalty provider knows. */
export const leads: readonly LeadSeed[] = members.map(({ id, name, coins, tier }) => ({
  id: namedUuid(`sandbox:${id}`),
  customerId: `shopify-${id}`,
  name,
  available: coins,
  tier,
}))
