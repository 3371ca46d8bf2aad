import { Problem } from '../../src/problem.ts'

/** The problem code that an attempt ends with; `ok` where it ends well. */
export function codeOf(attempt: () => unknown): string {
  try {
    attempt()
    return 'ok'
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}
