import type { AnswerHead } from '../../provider.ts'
import { retryAfter } from '../../provider.ts'

/** What an answer says about the quota that it was counted against. */
export interface QuotaHeaders {
  readonly limit: number | null
  readonly remaining: number | null
}

/** Null where it says nothing, which is the rule. */
export function readQuotaHeaders({ headers }: AnswerHead): QuotaHeaders | null {
  const remaining = headers['x-ratelimit-remaining']
  const limit = headers['x-ratelimit-limit']
  if (remaining === undefined && limit === undefined) return null
  return { limit: wholeNumber(limit), remaining: wholeNumber(remaining) }
}

/** An upstream that says nothing about when to come back. */
const UNSAID = 5_000

/** Milliseconds for which a 429 asks to be left alone; at most an hour. */
export function restAfter({ headers }: AnswerHead): number {
  const wait = retryAfter({
    headers: { ...only('retry-after', headers), ...only('date', headers) },
  })
  return wait === null ? UNSAID : wait * 1000
}

function only(name: string, headers: AnswerHead['headers']): Record<string, string> {
  const value = headers[name]
  return typeof value === 'string' ? { [name]: value } : {}
}

function wholeNumber(value: string | string[] | undefined): number | null {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : null
}
