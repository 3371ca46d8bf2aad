import { namedUuid } from './uuid.ts'

/** What is the same for every shopper: triggers, offers, reviews, questions. */

export interface Trigger {
  readonly _id: string
  readonly name: string
  readonly description: string
  readonly content_type: 'earn' | 'social'
  /** An open trigger is one that a shopper may report; the others are reported with the WRITE key. */
  readonly type: 'Open' | 'Closed'
  readonly coins: number
  readonly created_at: string
}

export interface Offer {
  readonly _id: string
  readonly name: string
  readonly description: string
  /** Coins that redeeming costs. */
  readonly coin_amount: number
  readonly fiat_value: number
  readonly fiat_class: 'flat' | 'percent'
  readonly created_at: string
}

export interface Review {
  readonly _id: string
  readonly name: string
  readonly title: string
  readonly description: string
  readonly rating: number
  readonly reference_product_id: string
  readonly created_at: string
}

export interface Question {
  readonly _id: string
  readonly name: string
  readonly question: string
  readonly answer: string | null
  readonly reference_product_id: string
  readonly created_at: string
}

export const triggers: readonly Trigger[] = [
  trigger('Place an order', 'One coin for every euro', 'earn', 'Closed', 50, 1),
  trigger('Create an account', 'A little start', 'earn', 'Closed', 100, 2),
  trigger('Write a review', 'Tell others what you think', 'earn', 'Closed', 40, 3),
  trigger('Follow us on Instagram', 'See where our tents end up', 'social', 'Open', 25, 4),
  trigger('Join the newsletter', 'One letter a month', 'social', 'Open', 30, 5),
  trigger('Celebrate a birthday', 'Once a year', 'earn', 'Closed', 150, 6),
]

export const offers: readonly Offer[] = [
  offer('5 € off', 'On any order', 250, 5, 'flat', 1),
  offer('10 % off coffee', 'All beans and filters', 300, 10, 'percent', 2),
  offer('Free stoneware mug', 'With your next order', 600, 16, 'flat', 3),
  offer('15 € off', 'On orders over 80 €', 700, 15, 'flat', 4),
  offer('Free shipping', 'Within Europe', 150, 6, 'flat', 5),
]

/** The ladder that the demo routes of an operator may show; no path for it is documented. */
export const tiers: readonly { _id: string; name: string; from: number; created_at: string }[] = [
  { _id: namedUuid('tier:Seedling'), name: 'Seedling', from: 0, created_at: day(1) },
  { _id: namedUuid('tier:Fern'), name: 'Fern', from: 500, created_at: day(2) },
  { _id: namedUuid('tier:Oak'), name: 'Oak', from: 2000, created_at: day(3) },
]

export function demoReviews(): Review[] {
  return [
    review(
      'Mara',
      'My everyday backpack',
      'Two years of commuting and still like new.',
      5,
      'fk-101',
    ),
    review('Jonas', 'Boils fast', 'Coffee before the others are awake.', 5, 'fk-106'),
    review('Elif', 'Kind to the wrist', 'A very even pour.', 4, 'fk-204'),
    review('Tom', 'Runs a bit small', 'Order one size up, then it is great.', 3, 'fk-102'),
    review('Inés', 'Floral and clean', 'My favourite for the filter.', 5, 'fk-202'),
    review('Pál', 'Heavy, in a good way', 'Keeps the tea warm.', 4, 'fk-301'),
  ]
}

export function demoQuestions(): Question[] {
  return [
    question('Noor', 'Does the tent fit three?', 'It fits two and their backpacks.', 'fk-103'),
    question('Ben', 'Can the grinder do espresso?', 'Yes, from about twelve clicks.', 'fk-206'),
    question('Lucía', 'Is the wool certified?', null, 'fk-306'),
  ]
}

function trigger(
  name: string,
  description: string,
  content_type: Trigger['content_type'],
  type: Trigger['type'],
  coins: number,
  n: number,
): Trigger {
  const _id = namedUuid(`trigger:${name}`)
  return { _id, name, description, content_type, type, coins, created_at: day(n) }
}

function offer(
  name: string,
  description: string,
  coin_amount: number,
  fiat_value: number,
  fiat_class: Offer['fiat_class'],
  n: number,
): Offer {
  const _id = namedUuid(`offer:${name}`)
  return { _id, name, description, coin_amount, fiat_value, fiat_class, created_at: day(n) }
}

function review(
  name: string,
  title: string,
  description: string,
  rating: number,
  reference_product_id: string,
): Review {
  const _id = namedUuid(`review:${title}`)
  return {
    _id,
    name,
    title,
    description,
    rating,
    reference_product_id,
    created_at: day(title.length),
  }
}

function question(
  name: string,
  text: string,
  answer: string | null,
  reference_product_id: string,
): Question {
  const _id = namedUuid(`question:${text}`)
  return { _id, name, question: text, answer, reference_product_id, created_at: day(text.length) }
}

/** Content was made once, some time ago; only its order matters. */
function day(n: number): string {
  return new Date(Date.UTC(2025, 2, n, 9)).toISOString()
}
