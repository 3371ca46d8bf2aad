import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCanonicalCustomer } from '../../src/identity/customer-id.ts'
import { readProofs } from '../../src/identity/proofs.ts'
import {
  createShopifyAppProxyIdentifier,
  withoutAppProxy,
} from '../../src/identity/shopify-app-proxy.ts'
import { Secret } from '../../src/secret.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOf, codeOfError } from '../support/code-of.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { appProxyQuery, SHOP, SHOPIFY_SECRET, signAppProxy } from './log-in.ts'

/** What is used of `@shopify/shopify-api`, whose own types need a browser's. */
interface ShopifyLibrary {
  readonly shopifyApi: (config: object) => {
    readonly utils: {
      validateHmac(query: URLSearchParams, how: { signator: 'appProxy' }): Promise<boolean>
    }
  }
}

const require = createRequire(import.meta.url)
require('@shopify/shopify-api/adapters/node')
const { shopifyApi } = require('@shopify/shopify-api') as ShopifyLibrary

const clock = createFakeClock(Date.now())
const now = clock.now()
const seconds = Math.floor(now / 1000)

/** A customer, `guest`, `not mine`, or the problem's code. */
function say(query: string, shop = SHOP, secret = SHOPIFY_SECRET, at = now): string {
  const identify = createShopifyAppProxyIdentifier({
    shop,
    secret: new Secret(secret),
    canonicalCustomer: createCanonicalCustomer([]),
    clock: createFakeClock(at),
  })
  try {
    const principal = identify(readProofs({}), arrivalOf({ query }))
    if (principal === null || principal instanceof Promise) return 'not mine'
    expect(principal).toMatchObject({ isAmbient: true, channel: 'browser' })
    return principal.kind === 'customer' ? principal.customer : 'guest'
  } catch (error) {
    return codeOfError(error)
  }
}

describe('the examples of Shopify’s documentation', () => {
  const shop = 'shop-name.myshopify.com'
  const at = 1317327555_000

  // shopify.dev/docs/apps/build/online-store/app-proxies/authenticate-app-proxies
  test('with a customer', () => {
    const query = `extra=1&extra=2&shop=${shop}&logged_in_customer_id=1&path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555&signature=4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb`
    expect(say(query, shop, 'hush', at)).toBe('1')
    expect(say(query.replace('extra=2', 'extra=3'), shop, 'hush', at)).toBe('identity/invalid')
  })
})

describe('a call through the app proxy', () => {
  test('names its customer', () => {
    expect(say(appProxyQuery('1001', now))).toBe('1001')
    expect(say(appProxyQuery('1001', now, [['limit', '5']]))).toBe('1001')
  })

  test('names nobody where nobody is logged in', () => {
    expect(say(appProxyQuery('', now))).toBe('guest')
    expect(identifierWith()(readProofs({}), arrivalOf({ query: appProxyQuery('', now) }))).toEqual({
      kind: 'anonymous',
      channel: 'browser',
      isAmbient: true,
    })
  })

  test('ends 90 seconds after it was signed', () => {
    const query = appProxyQuery('1001', now)
    expect(identifierWith()(readProofs({}), arrivalOf({ query }))).toEqual({
      kind: 'customer',
      channel: 'browser',
      customer: '1001',
      expiresAt: seconds * 1000 + 90_000,
      session: null,
      isAmbient: true,
    })
  })

  test('may write a space as a plus', () => {
    const query = appProxyQuery('1001', now, [['q', 'red tent']])
    expect(say(query.replace('%20', '+'))).toBe('1001')
  })

  test('is refused where the provider does not take the id', () => {
    const refuse = () => {
      throw new Error('no id')
    }
    const query = appProxyQuery('1001', now)
    expect(codeOf(() => identifierWith(refuse)(readProofs({}), arrivalOf({ query })))).toBe(
      'identity/invalid',
    )
  })

  test('may be 90 seconds old, and a minute ahead', () => {
    expect(say(appProxyQuery('1001', now - 90_000), SHOP, SHOPIFY_SECRET, seconds * 1000)).toBe(
      '1001',
    )
    expect(say(appProxyQuery('1001', now - 91_000), SHOP, SHOPIFY_SECRET, seconds * 1000)).toBe(
      'identity/expired',
    )
    expect(say(appProxyQuery('1001', now + 60_000), SHOP, SHOPIFY_SECRET, seconds * 1000)).toBe(
      '1001',
    )
    expect(say(appProxyQuery('1001', now + 61_000), SHOP, SHOPIFY_SECRET, seconds * 1000)).toBe(
      'identity/invalid',
    )
  })

  test.each([
    ['nothing', ''],
    ['other parameters', 'q=tent&limit=5'],
    ['its parameters without a signature', `shop=${SHOP}&logged_in_customer_id=1001`],
    ['a name that is longer', 'signature2=abc'],
  ])('is somebody else’s with %s', (_what, query) => expect(say(query)).toBe('not mine'))

  const good = appProxyQuery('1001', now)

  test.each([
    ['another customer', good.replace('=1001', '=1002')],
    ['a customer added', good.replace('=1001', '=1001&logged_in_customer_id=1002')],
    ['one more parameter', `${good}&limit=5`],
    ['one parameter less', good.replace(/path_prefix=[^&]*&/, '')],
    ['no signature', good.replace(/signature=.*/, 'signature=')],
    ['a signature without a value', good.replace(/signature=.*/, 'signature')],
    [
      'an upper-case signature',
      good.replace(/signature=(.*)/, (s) => s.toUpperCase().replace('SIGNATURE', 'signature')),
    ],
    ['a short signature', good.slice(0, -1)],
    ['a long signature', `${good}0`],
    ['zeros', good.replace(/signature=.*/, `signature=${'0'.repeat(64)}`)],
    ['two signatures', `${good}&signature=${'0'.repeat(64)}`],
    ['an encoded second signature', `${good}&%73ignature=${'0'.repeat(64)}`],
    [
      'another secret',
      signAppProxy(
        [
          ['shop', SHOP],
          ['path_prefix', '/'],
          ['timestamp', String(seconds)],
          ['logged_in_customer_id', '1001'],
        ],
        'other',
      ),
    ],
    ['a timestamp that is no number', withTimestamp('soon')],
    ['a negative timestamp', withTimestamp('-1')],
    ['an endless timestamp', withTimestamp('1e99')],
    ['half a second', withTimestamp(`${seconds}.5`)],
    ['an exponent', withTimestamp(`${seconds}e0`)],
    ['no timestamp', withTimestamp('')],
    ['two shops', signed(['shop', 'evil.myshopify.com'])],
    ['two customers', signed(['logged_in_customer_id', '1002'])],
    ['two timestamps', signed(['timestamp', String(seconds)])],
    ['a customer that is no number', appProxyQuery('alice', now)],
    ['a gid', appProxyQuery('gid://shopify/Customer/1001', now)],
    ['a customer with more behind it', appProxyQuery('1001,1002', now)],
    ['an overlong customer', appProxyQuery('1'.repeat(21), now)],
  ])('is refused with %s', (_what, query) => expect(say(query)).toBe('identity/invalid'))

  test('is refused for another shop, however well it is signed', () => {
    expect(say(good, 'other.myshopify.com')).toBe('identity/invalid')
  })

  test('is malformed where the query is not UTF-8', () => {
    expect(say(`${good}&a=%ff`)).toBe('downstream/malformed')
  })

  test.each(['shop', 'path_prefix', 'timestamp', 'logged_in_customer_id'])(
    'is refused without %s',
    (name) => {
      const rest = (
        [
          ['shop', SHOP],
          ['path_prefix', '/'],
          ['timestamp', String(seconds)],
          ['logged_in_customer_id', '1001'],
        ] as const
      ).filter(([other]) => other !== name)
      expect(say(signAppProxy(rest))).toBe('identity/invalid')
    },
  )
})

describe('T12: what is signed can be cut in one way only', () => {
  const stamp = String(seconds)
  const tail = `path_prefix=/apps/gatehouseshop=${SHOP}timestamp=${stamp}`
  const guest = [
    ['shop', SHOP],
    ['path_prefix', '/apps/gatehouse'],
    ['timestamp', stamp],
    ['logged_in_customer_id', ''],
  ] as const

  test('a guest cannot become a customer with a chosen value', () => {
    const k = `logged_in_customer_id=1002path_prefix=/apps/gatehouseshop=${SHOP}timestamp=${stamp}z=`
    const honest = signAppProxy([...guest, ['k', k]])
    const signature = /signature=(.*)/.exec(honest)?.[1] ?? ''
    const forged = [
      ['k', ''],
      ['logged_in_customer_id', '1002'],
      ['path_prefix', '/apps/gatehouse'],
      ['shop', SHOP],
      ['timestamp', stamp],
      ['z', `logged_in_customer_id=${tail}`],
    ]
    const query = forged.map(([n = '', v = '']) => `${n}=${encodeURIComponent(v)}`).join('&')
    // Both are well signed: the text is the same.
    expect(signAppProxy(forged as [string, string][])).toContain(signature)
    expect(say(`${query}&signature=${signature}`)).toBe('identity/invalid')
    expect(say(honest)).toBe('identity/invalid')
  })

  test('nor with a chosen name', () => {
    const honest = signAppProxy([...guest, ['jj', 'k'], ['lz', 'logged_in_customer_id=1002']])
    const signature = /signature=(.*)/.exec(honest)?.[1] ?? ''
    const forged = [
      ['jj', ''],
      ['klogged_in_customer_id', 'lz='],
      ['logged_in_customer_id', '1002'],
      ['path_prefix', '/apps/gatehouse'],
      ['shop', SHOP],
      ['timestamp', stamp],
    ] as const
    expect(signAppProxy(forged)).toContain(signature)
    expect(say(signAppProxy(forged))).toBe('identity/invalid')
  })

  test('nor with letters that stand where the id begins', () => {
    const honest = signAppProxy([...guest, ['mn', '1']])
    const forged = signAppProxy([
      ...guest.filter(([name]) => name !== 'logged_in_customer_id'),
      ['logged_in_customer_id', 'm'],
      ['n', '1'],
    ])
    expect(/signature=(.*)/.exec(forged)?.[1]).toBe(/signature=(.*)/.exec(honest)?.[1])
    expect(say(honest)).toBe('guest')
    expect(say(forged)).toBe('identity/invalid')
  })
})

describe('what Shopify’s own library says', () => {
  const oracle = shopifyApi({
    apiKey: 'key',
    apiSecretKey: SHOPIFY_SECRET,
    hostName: 'gw.acme.example',
    apiVersion: '2025-10',
    isEmbeddedApp: false,
    logger: { log: () => undefined },
  })
  const isSignedByShopify = (query: string) =>
    oracle.utils
      .validateHmac(new URLSearchParams(query), { signator: 'appProxy' })
      .catch(() => false)

  const name = fc.stringMatching(/^[a-g][a-z0-9]{0,5}$/)
  const value = fc.string({ unit: 'grapheme', maxLength: 12 })

  test('is what this gateway says, of good queries and of changed ones', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 5 }),
        fc.constantFrom('1001', '', '7'),
        fc.integer({ min: 0, max: 400 }),
        fc.boolean(),
        async (more, customer, at, isChanged) => {
          const query = appProxyQuery(customer, now, more, byName)
          const place = at % query.length
          const other = query[place] === 'a' ? 'b' : 'a'
          const sent = isChanged ? query.slice(0, place) + other + query.slice(place + 1) : query
          const ours = say(sent)
          const theirs = await isSignedByShopify(sent)
          if (!isChanged) {
            expect(theirs).toBe(true)
            expect(ours).toBe(customer === '' ? 'guest' : customer)
          }
          // We are stricter, never laxer.
          if (/^\d+$|^guest$/.test(ours)) expect(theirs).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('also where one name begins another, in which its documentation differs', async () => {
    const more = [
      ['c', '1'],
      ['c0', '2'],
    ] as const
    const [documented, coded] = [
      appProxyQuery('7', now, more),
      appProxyQuery('7', now, more, byName),
    ]
    expect(await Promise.all([documented, coded].map(isSignedByShopify))).toEqual([false, true])
    expect([say(documented), say(coded)]).toEqual(['7', '7'])
  })

  test('also of a parameter that is there twice', async () => {
    const query = appProxyQuery('1001', now, [
      ['extra', '1'],
      ['extra', '2'],
    ])
    expect(await isSignedByShopify(query)).toBe(true)
    expect(say(query)).toBe('1001')
  })
})

describe('the query without what Shopify added', () => {
  test('is what the page sent, byte for byte', () => {
    const sent = 'limit=5&q=a%20b+c&x=%C3%A9'
    const query = `${sent}&${appProxyQuery('1001', now)}`
    expect(withoutAppProxy(query)).toBe(sent)
  })

  test('is empty where the page sent none', () => {
    expect(withoutAppProxy(appProxyQuery('1001', now))).toBe('')
  })

  test('drops encoded spellings of the names as well', () => {
    expect(withoutAppProxy('a=1&%73hop=x&signature=y')).toBe('a=1')
  })

  test.each(['', 'q=tent&timestamp=5', 'shop=blue&a=%zz'.replace('%zz', 'b')])(
    'stays as it is where nothing is signed: %j',
    (query) => expect(withoutAppProxy(query)).toBe(query),
  )
})

function identifierWith(canonicalCustomer: (id: string) => string = createCanonicalCustomer([])) {
  const secret = new Secret(SHOPIFY_SECRET)
  return createShopifyAppProxyIdentifier({ shop: SHOP, secret, canonicalCustomer, clock })
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1
}

function withTimestamp(timestamp: string): string {
  return signAppProxy([
    ['shop', SHOP],
    ['path_prefix', '/'],
    ['timestamp', timestamp],
    ['logged_in_customer_id', '1001'],
  ])
}

function signed(more: readonly [string, string]): string {
  return appProxyQuery('1001', now, [more])
}
