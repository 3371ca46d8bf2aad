import { z } from 'zod'
import { issueMessage } from './issue-message.ts'
import { callsPer, offOr } from './limits.ts'
import type { CallsPer } from './limits.ts'

/**
 * How many calls one upstream gets with a storefront's key: the published quotas, a rule of the
 * operator's for all calls together, or no counting at all.
 */
export type BudgetConfig = 'published' | 'off' | BudgetLimit

export interface BudgetLimit extends CallsPer {
  /** Counts and tells, but refuses nothing. */
  readonly observe: boolean
}

export const budgetSchema = offOr({
  ...callsPer,
  observe: z.boolean().default(false).describe('Counts and tells, but refuses nothing'),
}).describe('Calls with each key of this provider; by default the published quotas')

/** What one storefront configures for a provider: the provider's own keys, and the core's. */
export interface Configured {
  readonly own: unknown
  readonly budget: BudgetConfig
}

/**
 * Takes the budget out before the provider's schema sees what is configured, so that it need not
 * know of it, and hands back both. Input and messages are those of one mapping.
 */
export function withBudget(schema: z.ZodType) {
  // Set by the first step of a parse and read by its last; a parse is never interrupted.
  let budget: BudgetConfig = 'published'
  return z
    .preprocess((value, context) => {
      budget = 'published'
      if (typeof value !== 'object' || value === null || !('budget' in value)) return value
      const { budget: given, ...rest } = value
      const parsed = budgetSchema.safeParse(given, { error: issueMessage })
      if (parsed.success) budget = parsed.data
      const mistakes = parsed.error?.issues ?? []
      context.issues.push(
        ...mistakes.map(
          (issue) => ({ ...issue, path: ['budget', ...issue.path] }) as z.core.$ZodRawIssue,
        ),
      )
      return rest
    }, schema)
    .transform((own): Configured => ({ own, budget }))
}
