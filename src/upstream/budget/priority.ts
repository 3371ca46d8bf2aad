import type { Route } from '../../provider.ts'

/** Who goes first where a quota is short; smaller is more urgent. */
export type Priority = 0 | 1 | 2 | 3

/** Without a token a shopper can do nothing at all. */
export const EXCHANGE: Priority = 0
const WRITE: Priority = 1
const READ: Priority = 2
const CONTENT: Priority = 3

/** A checkout before a page's own reads, and those before what is the same for everybody. */
export function priorityOf({ priority, method, content }: Route): Priority {
  if (priority !== undefined) return { write: WRITE, read: READ, content: CONTENT }[priority]
  if (content === true) return CONTENT
  return method === 'GET' ? READ : WRITE
}
