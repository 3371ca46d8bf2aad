import { randomUUID } from 'node:crypto'

import type { Answer } from '../call.ts'
import { numberIn, textIn } from '../json.ts'
import { offers, tiers, triggers } from './demo-content.ts'
import type { Question, Review } from './demo-content.ts'
import { item, list } from './envelope.ts'
import { Refusal } from './refusal.ts'
import { namedUuid } from './uuid.ts'
import type { Visit } from './visit.ts'

export function listTriggers({ call }: Visit): Answer {
  return list(call, triggers)
}

/** For the further reads that an operator adds to the emulator. */
export function listTiers({ call }: Visit): Answer {
  return list(call, tiers)
}

export function showDetails({ leads, shelf }: Visit): Answer {
  return item({
    _id: namedUuid('details'),
    lead_count: leads.all().length,
    review_count: shelf.reviews.length,
    average_rating: average(shelf.reviews),
  })
}

export function listAllOffers({ call }: Visit): Answer {
  return list(call, offers)
}

export function listReviews(visit: Visit): Answer {
  return list(visit.call, ofProduct(visit, visit.shelf.reviews))
}

export function showReview({ params, shelf }: Visit): Answer {
  return item(found(shelf.reviews, params['id']))
}

export function countReviews(visit: Visit): Answer {
  const reviews = ofProduct(visit, visit.shelf.reviews)
  return item({ count: reviews.length, average_rating: average(reviews) })
}

export function listQuestions(visit: Visit): Answer {
  return list(visit.call, ofProduct(visit, visit.shelf.questions))
}

export function showQuestion({ params, shelf }: Visit): Answer {
  return item(found(shelf.questions, params['id']))
}

export function countQuestions(visit: Visit): Answer {
  return item({ count: ofProduct(visit, visit.shelf.questions).length })
}

export function showEntity({ params }: Visit): Answer {
  return item({ _id: params['id'], name: 'Fern & Kettle', currency: 'EUR', coin_name: 'leaves' })
}

export function addReview({ body, shelf, now }: Visit): Answer {
  const rating = numberIn(body, 'rating')
  if (rating === null || rating < 1 || rating > 5) throw new Refusal(422, 'rating is not valid')
  const review: Review = {
    _id: randomUUID(),
    name: textIn(body, 'name') ?? 'Anonymous',
    title: textIn(body, 'title') ?? '',
    description: textIn(body, 'description') ?? '',
    rating,
    reference_product_id: textIn(body, 'reference_product_id') ?? '',
    created_at: new Date(now).toISOString(),
  }
  shelf.reviews.push(review)
  return item(review)
}

export function addQuestion({ body, shelf, now }: Visit): Answer {
  const text = textIn(body, 'question')
  if (text === null) throw new Refusal(422, 'question is required')
  const question: Question = {
    _id: randomUUID(),
    name: textIn(body, 'name') ?? 'Anonymous',
    question: text,
    answer: null,
    reference_product_id: textIn(body, 'reference_product_id') ?? '',
    created_at: new Date(now).toISOString(),
  }
  shelf.questions.push(question)
  return item(question)
}

/** Takes the file and keeps nothing of it but the size. */
export function addUpload({ call }: Visit): Answer {
  if (call.bytes.length === 0) throw new Refusal(422, 'file is required')
  const _id = randomUUID()
  return item({ _id, link: `https://cdn.example/uploads/${_id}`, size: call.bytes.length })
}

function ofProduct<T extends { reference_product_id: string }>(
  { call }: Visit,
  entries: readonly T[],
): readonly T[] {
  const product = call.query.get('reference_product_id')
  if (product === null) return entries
  return entries.filter((entry) => entry.reference_product_id === product)
}

function found<T extends { _id: string }>(entries: readonly T[], id: string | undefined): T {
  const entry = entries.find((entry) => entry._id === id)
  if (entry === undefined) throw new Refusal(422, 'Item does not exists')
  return entry
}

function average(reviews: readonly Review[]): string {
  const sum = reviews.reduce((sum, review) => sum + review.rating, 0)
  return (reviews.length === 0 ? 0 : sum / reviews.length).toFixed(1)
}
