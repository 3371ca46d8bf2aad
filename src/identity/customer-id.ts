import { Problem } from '../problem.ts'

const CUSTOMER_ID = /^[A-Za-z0-9._-]{1,128}$/

/**
 * Makes ids canonical once, before a session, a cache key or a limit sees them: every provider of
 * the storefront may know other spellings of its platform's ids. What comes out is plain, so that
 * it can stand in a header, a URL and a signed payload without being read as anything else.
 */
export function createCanonicalCustomer(
  spellings: readonly ((id: string) => string)[],
): (id: string) => string {
  return (id) => {
    const canonical = spellings.reduce((spelled, canonicalize) => canonicalize(spelled), id)
    if (CUSTOMER_ID.test(canonical)) return canonical
    throw new Problem(
      'downstream/malformed',
      'A customer id is 1 to 128 letters, digits, dots, dashes or underscores.',
    )
  }
}
