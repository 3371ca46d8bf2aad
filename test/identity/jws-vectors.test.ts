/** Signatures against vectors that others made. The policy is explained in `docs/identity.md`. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { readCompactJws } from '../../src/identity/compact-jws.ts'
import { chooseKey, isSignedBy, readVerificationKey } from '../../src/identity/verification-key.ts'
import type { VerificationKey } from '../../src/identity/verification-key.ts'
import { describeCorpus } from '../support/corpora.ts'

/** Verified as a token of an issuer with this one key would be. */
async function isAccepted(token: string, jwk: unknown): Promise<boolean> {
  const jws = readCompactJws(token)
  const known = keyOf(jwk)
  const key = jws === null || known === null ? null : chooseKey([known], jws.header)
  return key !== null && isSignedBy(token, key)
}

const sharedSchema = z.object({ kty: z.literal('oct'), k: z.string(), alg: z.literal('HS256') })

/** A shared secret is configured by itself, so its JWK is read here. */
function keyOf(jwk: unknown): VerificationKey | null {
  const shared = sharedSchema.safeParse(jwk)
  if (!shared.success) return readVerificationKey(jwk)
  return { alg: 'HS256', kid: null, key: Buffer.from(shared.data.k, 'base64url') }
}

const wycheproof = z.object({
  testGroups: z.array(
    z.object({
      comment: z.string().default(''),
      public: z.unknown().optional(),
      private: z.unknown().optional(),
      tests: z.array(
        z.object({
          tcId: z.number(),
          comment: z.string(),
          jws: z.unknown(),
          result: z.enum(['valid', 'invalid']),
        }),
      ),
    }),
  ),
})

/** The same bytes as the valid 357 (the corpus says so): nobody can refuse them and accept it. */
const DUPLICATES = new Set([367, 370])

const EMPTY = 'a token without claims names nobody'
const OTHER_ALGORITHM = 'a key is for the algorithm it names (PS256), and the token says another'
const NO_ALGORITHM = 'the key names ES521, which is no algorithm'
const NOT_CANONICAL = 'a character that base64url does not have'

/** Valid by the file and refused here, each by a rule of our own. */
const refused: Readonly<Record<number, string>> = {
  259: EMPTY,
  264: EMPTY,
  268: EMPTY,
  272: EMPTY,
  320: EMPTY,
  325: EMPTY,
  346: OTHER_ALGORITHM,
  347: NO_ALGORITHM,
  350: OTHER_ALGORITHM,
  351: NO_ALGORITHM,
  372: NOT_CANONICAL,
  373: NOT_CANONICAL,
}

describeCorpus('wycheproof-json_web_signature_test.json', 'Wycheproof JWS', (text) => {
  const { testGroups } = wycheproof.parse(JSON.parse(text))
  const cases = testGroups.flatMap((group) =>
    group.tests
      .filter(({ tcId }) => !DUPLICATES.has(tcId))
      .map((each) => ({ ...each, key: group.public ?? group.private, group: group.comment })),
  )

  test('all 401 are there, but for the two duplicates', () => expect(cases).toHaveLength(399))

  test('what is refused by a rule of ours is valid by the file', () => {
    const deviating = cases.filter(({ tcId }) => refused[tcId] !== undefined)
    expect(deviating.map(({ result }) => result)).toEqual(Array(12).fill('valid'))
  })

  test.each([346, 347, 350, 351])('%i holds under the same key with its real name', async (id) => {
    const { jws, key } = cases.find(({ tcId }) => tcId === id) ?? {}
    const alg = id === 346 || id === 350 ? 'PS384' : 'ES512'
    expect(await isAccepted(String(jws), { ...(key as object), alg })).toBe(true)
  })

  test.each(cases)('$tcId $group: $comment is $result', async ({ tcId, jws, key, result }) => {
    const token = typeof jws === 'string' ? jws : JSON.stringify(jws)
    const expected = result === 'valid' && refused[tcId] === undefined
    expect(await isAccepted(token, key)).toBe(expected)
  })
})

const cookbook = z.object({
  input: z.object({ payload: z.string(), key: z.unknown() }),
  output: z.object({ compact: z.string() }),
})

describeCorpus('rfc7520-4.4-hmac.json', 'RFC 7520 §4.4', (text) => {
  const { input, output } = cookbook.parse(JSON.parse(text))

  test('the compact form holds, and says what it should', async () => {
    expect(await isAccepted(output.compact, input.key)).toBe(true)
    expect(readCompactJws(output.compact)?.payload).toBe(input.payload)
  })

  test('no single changed character holds', async () => {
    for (let at = 0; at < output.compact.length; at += 7) {
      const other = output.compact[at] === 'A' ? 'B' : 'A'
      const changed = output.compact.slice(0, at) + other + output.compact.slice(at + 1)
      expect(await isAccepted(changed, input.key)).toBe(false)
    }
  })
})
