/**
 * Public vectors against the call that signs digests and widget tokens:
 * `createHmac('sha256', key).update(message).digest('hex')`.
 */
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { describeCorpus } from '../support/corpora.ts'

const wycheproof = z.object({
  testGroups: z.array(
    z.object({
      tagSize: z.int(),
      tests: z.array(
        z.object({
          tcId: z.int(),
          comment: z.string(),
          key: z.string(),
          msg: z.string(),
          tag: z.string(),
          result: z.enum(['valid', 'invalid']),
        }),
      ),
    }),
  ),
})

describeCorpus('wycheproof-hmac_sha256_test.json', 'Wycheproof HMAC-SHA256', (text) => {
  const { testGroups } = wycheproof.parse(JSON.parse(text))
  const cases = testGroups.flatMap(({ tests, tagSize }) =>
    tests.map((vector) => ({ ...vector, tagSize })),
  )

  test('has all of its 174 cases', () => {
    expect(cases).toHaveLength(174)
  })

  test.each(cases)('$tcId is $result: $comment', ({ key, msg, tag, tagSize, result }) => {
    const computed = createHmac('sha256', Buffer.from(key, 'hex'))
      .update(Buffer.from(msg, 'hex'))
      .digest('hex')
      .slice(0, tagSize / 4)
    expect(computed === tag).toBe(result === 'valid')
  })
})

const cookbook = z.object({
  input: z.object({ payload: z.string(), key: z.object({ k: z.string() }) }),
  signing: z.object({ protected_b64u: z.string(), 'sig-input': z.string(), sig: z.string() }),
  output: z.object({ compact: z.string() }),
})

describeCorpus('rfc7520-4.4-hmac.json', 'RFC 7520 §4.4', (text) => {
  const { input, signing, output } = cookbook.parse(JSON.parse(text))
  const key = Buffer.from(input.key.k, 'base64url')

  test('signs the input to the byte', () => {
    const payload = Buffer.from(input.payload).toString('base64url')
    const signed = `${signing.protected_b64u}.${payload}`
    expect(signed).toBe(signing['sig-input'])
    const signature = Buffer.from(createHmac('sha256', key).update(signed).digest('hex'), 'hex')
    expect(signature.toString('base64url')).toBe(signing.sig)
    expect(`${signed}.${signing.sig}`).toBe(output.compact)
  })
})
