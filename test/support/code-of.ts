import { Problem } from '../../src/problem.ts'

/** The problem code that an attempt ends with; `ok` where it ends well. */
export function codeOf(attempt: () => unknown): string {
  try {
    attempt()
    return 'ok'
  } catch (error) {
    // One without a detail tells its caller nothing: that is a fault of its own.
    if (error instanceof Problem && error.message !== '') return error.code
    throw error
  }
}

/** The code of anything that was thrown; what is no problem with a detail is thrown again. */
export function codeOfError(error: unknown): string {
  return codeOf(() => {
    throw error
  })
}
