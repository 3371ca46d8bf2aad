/** What is the same for everybody: triggers, offers, reviews, questions. No shopper is needed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoQuestions, demoReviews } from '../../sandbox/emulators/nector/demo-content.ts'
import { namedUuid } from '../../sandbox/emulators/nector/uuid.ts'
import { ALICE, BOB, keys, ORIGIN, SERVER_KEY, startRig, STOREFRONT_KEY } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'
import { headerNames, lastSent, sentDuring } from '../support/sent.ts'

const base = '/api/v2/merchant'
const routes = [
  '/triggers',
  '/triggers?page=1&limit=2',
  '/aggreegateddetails',
  '/aggreegatedoffers',
  '/reviews?reference_product_id=fk-101',
  `/reviews/${demoReviews()[0]?._id}`,
  '/reviews-count',
  '/qnas',
  `/qnas/${demoQuestions()[0]?._id}`,
  '/qnas-count',
  `/entities/${namedUuid('entity:fern-and-kettle')}`,
]

describe('with a SERVER key', () => {
  const rig = useRig((yaml) => yaml)

  describe('200', () => {
    test.each(routes)('GET %s for anybody, with the SERVER key and no lead', async (path) => {
      for (const start of ['', '/nector']) {
        const answer = await rig().call(start + base + path, { headers: { origin: ORIGIN } })
        expect(answer.status).toBe(200)
        const sent = lastSent(rig().nector)
        expect(sent.path).toBe(base + path)
        expect(sent.headers['x-apikey']).toBe(SERVER_KEY)
        expect(headerNames(sent)).toEqual(['via', 'x-apikey', 'x-source'])
      }
    })

    test('is open to servers and shoppers as well, without a look-up', async () => {
      const shopper = await rig().session(ALICE.customer)
      const sent = await sentDuring(rig().nector, async () => {
        for (const as of [keys.powerless, shopper]) {
          expect((await rig().call(`${base}/triggers`, { as })).status).toBe(200)
        }
      })
      expect(sent.map(headerNames)).toEqual([
        ['via', 'x-apikey', 'x-source'],
        ['via', 'x-apikey', 'x-source'],
      ])
    })

    test('says mobile where the caller does', async () => {
      await rig().call(`${base}/triggers`, { headers: { 'x-source': 'mobile' } })
      expect(lastSent(rig().nector).headers['x-source']).toBe('mobile')
    })
  })

  describe('400', () => {
    test.each([
      ['another x-source', '/triggers', { 'x-source': 'tv' }],
      ['a hidden lead', `/reviews?lead%5Fid=${BOB.id}`, {}],
      ['a hidden lead in brackets', `/reviews?lead_id[]=${BOB.id}`, {}],
    ])('%s', async (_what, path, headers) => {
      await refused(400, 'downstream/malformed', path, headers)
    })
  })

  describe('403', () => {
    test.each([
      'lead_id',
      'customer_id',
      'referred_by_lead_id',
      'email',
      'mobile',
      'referral_code',
    ])('a call that names somebody by %s: the SERVER key would answer it', async (name) => {
      await refused(403, 'policy/subject-mismatch', `/reviews?${name}=${BOB.id}`)
      await refused(403, 'policy/subject-mismatch', `/triggers?${name.toUpperCase()}=${BOB.id}`)
    })

    test('an unlisted page', async () => {
      const headers = { origin: 'https://evil.example' }
      await refused(403, 'policy/origin-mismatch', '/triggers', headers)
    })
  })

  describe('405', () => {
    test('DELETE', async () => {
      const answer = await rig().call(`${base}/triggers`, { method: 'DELETE' })
      expect(answer.status).toBe(405)
    })
  })

  describe('422', () => {
    test('the upstream’s own passes through', async () => {
      expect((await rig().call(`${base}/triggers?page=0`)).status).toBe(422)
    })
  })

  async function refused(status: number, code: string, path: string, headers = {}) {
    const sent = await sentDuring(rig().nector, async () => {
      const answer = await rig().call(base + path, { headers })
      expect(answer.status).toBe(status)
      expect(answer.json).toMatchObject({ code })
    })
    expect(sent).toEqual([])
  }
})

describe('without a SERVER key', () => {
  const rig = useRig((yaml) => yaml.replace(/ +server: .*\n/, ''))

  test.each(routes)('200: GET %s with the STOREFRONT key', async (path) => {
    expect((await rig().call(base + path)).status).toBe(200)
    const sent = lastSent(rig().nector)
    expect(sent.headers['x-apikey']).toBe(STOREFRONT_KEY)
    expect(headerNames(sent)).toEqual(['via', 'x-apikey', 'x-source'])
  })

  test('200: a shopper who is not known yet costs no look-up', async () => {
    const as = await rig().session(ALICE.customer)
    const sent = await sentDuring(rig().nector, async () => {
      expect((await rig().call(`${base}/triggers`, { as })).status).toBe(200)
    })
    expect(sent.map(headerNames)).toEqual([['via', 'x-apikey', 'x-source']])
  })

  test('200: a shopper who is known has their token along', async () => {
    const as = await rig().session(ALICE.customer)
    await rig().call(`${base}/leads/me`, { as })
    const sent = await sentDuring(rig().nector, async () => {
      expect((await rig().call(`${base}/triggers`, { as })).status).toBe(200)
    })
    expect(sent.map(headerNames)).toEqual([['via', 'x-apikey', 'x-leadtoken', 'x-source']])
  })

  test('200: a shopper who is not enrolled reads it like everybody', async () => {
    const as = await rig().session('4711')
    expect((await rig().call(`${base}/leads/me`, { as })).status).toBe(404)
    expect((await rig().call(`${base}/triggers`, { as })).status).toBe(200)
  })

  test('403: a server has no key to read customers with, and is told which', async () => {
    const answer = await rig().call(`${base}/wallettransactions?lead_id=${ALICE.id}`, {
      as: keys.backend,
    })
    expect(answer.status).toBe(403)
    expect(answer.json).toMatchObject({ code: 'policy/channel-not-allowed' })
    expect(answer.json['detail']).toContain('keys.server')
  })
})

describe('reads that the operator adds', () => {
  const rig = useRig(
    (yaml) =>
      yaml.replace(
        'customer: shopify\n',
        `customer: shopify
        routes:
          - { get: /viptiers, for: customer }
          - { get: /viptiers/:id, for: customer }
          - { get: /banners, for: content }
          - { get: /wallettransactions, for: content }
`,
      ),
    [
      { get: '/viptiers', for: 'customer' },
      { get: '/viptiers/:id', for: 'customer' },
      { get: '/banners', for: 'content' },
    ],
  )

  test.each(['/viptiers', `/viptiers/${ALICE.id}`])(
    '%s for customers: 200 with their token',
    async (path) => {
      const as = await rig().session(ALICE.customer)
      expect((await rig().call(`/nector${base}${path}`, { as })).status).toBe(200)
      const sent = lastSent(rig().nector)
      expect(sent.path).toBe(base + path)
      expect(sent.headers['x-apikey']).toBe(STOREFRONT_KEY)
      expect(headerNames(sent)).toEqual(['via', 'x-apikey', 'x-leadtoken', 'x-source'])
    },
  )

  test('for customers: 401 without one, 403 for another’s lead, 200 for a server', async () => {
    const as = await rig().session(ALICE.customer)
    const path = `${base}/viptiers`
    expect((await rig().call(path)).status).toBe(401)
    expect((await rig().call(`${path}?lead_id=${BOB.id}`, { as })).status).toBe(403)
    expect((await rig().call(`${path}?lead_id=${ALICE.id}`, { as })).status).toBe(200)
    expect((await rig().call(path, { as: keys.backend })).status).toBe(200)
    expect(lastSent(rig().nector).headers['x-apikey']).toBe(SERVER_KEY)
  })

  test('for content: 200 for anybody', async () => {
    expect((await rig().call(`${base}/banners`)).status).toBe(200)
    expect(lastSent(rig().nector).headers['x-apikey']).toBe(SERVER_KEY)
  })

  test('never replace a documented one: 401 as before', async () => {
    expect((await rig().call(`${base}/wallettransactions`)).status).toBe(401)
  })

  test('are reads: 405 for anything else', async () => {
    expect((await rig().call(`${base}/viptiers`, { method: 'POST' })).status).toBe(405)
  })
})

type Further = { readonly get: string; readonly for: 'customer' | 'content' }

function useRig(configure: (yaml: string) => string, further: readonly Further[] = []): () => Rig {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig({ configure, nector: { routes: further } })
  })
  afterAll(() => rig.close())
  return () => rig
}
