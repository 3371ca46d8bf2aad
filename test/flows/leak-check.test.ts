/** The check that ends every flow: it sees what is planted, in every form and place. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leaksOf } from '../support/leaks.ts'
import type { Answer, Rig } from '../support/rig.ts'
import { ALICE, keys, SERVER_KEY, SHOP_KEY, SIGNING_SECRET, startRig } from '../support/rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
  await rig.call('/widget-token', { as: keys.backend })
  await rig.call('/api/widget/search?q=tent')
  await rig.call('/api/v2/merchant/leads/me', { as: await rig.session(ALICE.customer) })
})
afterAll(() => rig.close())

test('nothing is seen where nothing is', () => {
  expect(leaksOf(rig)).toEqual([])
})

describe('a leak is seen', () => {
  const forms: readonly (readonly [string, (secret: string) => string])[] = [
    ['as it is', (secret) => secret],
    ['in base64', (secret) => Buffer.from(secret).toString('base64')],
    ['in base64url', (secret) => Buffer.from(secret).toString('base64url')],
    ['in hex', (secret) => Buffer.from(secret).toString('hex')],
    ['percent-encoded', (secret) => secret.replaceAll('_', '%5F')],
  ]

  test.each(forms)('%s', (_form, encode) => {
    for (const secret of [SHOP_KEY, SERVER_KEY, SIGNING_SECRET, keys.backend]) {
      const text = `before ${encode(secret)} after`
      expect(leaksOf(answering({ text }))).not.toEqual([])
      expect(leaksOf(answering({ headers: { 'x-odd': text } }))).not.toEqual([])
      expect(leaksOf({ ...rig, log: () => text })).not.toEqual([])
    }
  })

  test.each(['x-leaddigest', 'x-leadtoken', 'x-widget-token'])('of a %s that was sent', (name) => {
    const sent = [...rig.nector.received, ...rig.neuroon.received]
    const value = sent.flatMap(({ headers }) => headers[name] ?? [])[0] ?? ''
    expect(value).not.toBe('')
    expect(leaksOf(answering({ text: value }))).not.toEqual([])
    expect(leaksOf({ ...rig, log: () => value })).not.toEqual([])
  })

  test('towards an upstream', () => {
    const leaks = ['GET /api/widget/search: a shop API key in target']
    expect(leaksOf({ ...rig, neuroon: { ...rig.neuroon, leaks } })).toEqual(leaks)
  })
})

function answering(changed: Partial<Answer>): Rig {
  const [first] = rig.answers
  if (first === undefined) throw new Error('nothing was answered')
  return { ...rig, answers: [{ path: '/elsewhere', answer: { ...first.answer, ...changed } }] }
}
