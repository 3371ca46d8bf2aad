import type { Problem, ProblemCode } from '../problem.ts'
import type { TokenTuple } from './key.ts'

/** What happened to a credential: for metrics, and for the log where it is out of the ordinary. */
export type TokenEvent =
  | { readonly type: 'minted' | 'issued' | 'exchanged'; readonly tuple: TokenTuple }
  | { readonly type: 'used' | 'rejected'; readonly tuple: TokenTuple }
  | { readonly type: 'account-learned' | 'account-changed'; readonly tuple: TokenTuple }
  | {
      readonly type: 'mint-failed'
      readonly tuple: TokenTuple
      readonly code: ProblemCode
      readonly problem: Problem
    }
  | { readonly type: 'clock-corrected'; readonly provider: string; readonly offset: number }
