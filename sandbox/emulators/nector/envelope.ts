import type { Answer, Call } from '../call.ts'
import { Refusal } from './refusal.ts'

export function item(data: object, more: object = {}): Answer {
  return success({ item: data, ...more })
}

/** `beside` goes next to `meta` and `data`. */
export function success(data: object, beside: object = {}): Answer {
  return { status: 200, body: { ...beside, meta: { status: 'success', code: 200 }, data } }
}

interface Dated {
  readonly created_at: string
}

/** The query names of every list. */
export const listNames: readonly string[] = ['page', 'limit', 'sort', 'sort_op']

/** One page of a list, in the order asked for; the newest first unless told otherwise. */
export function list(call: Call, entries: readonly Dated[]): Answer {
  const page = wholeNumber(call, 'page', 1, 1_000_000)
  const limit = wholeNumber(call, 'limit', 20, 100)
  oneOf(call, 'sort', ['created_at', 'updated_at'])
  const isAscending = oneOf(call, 'sort_op', ['DESC', 'ASC']) === 'ASC'

  const newestFirst = [...entries].sort((a, b) => b.created_at.localeCompare(a.created_at))
  const ordered = isAscending ? newestFirst.toReversed() : newestFirst
  const end = page * limit
  return success({
    items: ordered.slice(end - limit, end),
    count: ordered.length,
    cursor: end < ordered.length ? String(page + 1) : null,
  })
}

function wholeNumber(call: Call, name: string, otherwise: number, max: number): number {
  const value = call.query.get(name)
  if (value === null) return otherwise
  if (/^\d{1,7}$/.test(value) && Number(value) >= 1 && Number(value) <= max) return Number(value)
  throw new Refusal(422, `${name} is not valid`)
}

function oneOf(call: Call, name: string, choices: readonly string[]): string | null {
  const value = call.query.get(name)
  if (value === null || choices.includes(value)) return value
  throw new Refusal(422, `${name} is not valid`)
}
