import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalCustomer,
  customerNamespaces,
  prefixedCustomer,
} from '../../../providers/nector/customer-id.ts'

describe('on Shopify', () => {
  test.each(['1001', 'shopify-1001', 'gid://shopify/Customer/1001'])('%s is 1001', (spelling) => {
    expect(canonicalCustomer('shopify', spelling)).toBe('1001')
  })

  test.each([
    'gid://shopify/Order/1001',
    'gid://shopify/Customer/1001/x',
    'gid://shopify/Customer/abc',
    'GID://shopify/Customer/1001',
    'woocommerce-1001',
    'Shopify-1001',
  ])('%s is no spelling of 1001', (spelling) => {
    expect(canonicalCustomer('shopify', spelling)).not.toBe('1001')
  })
})

describe.each(['woocommerce', 'custom_website'] as const)('on %s', (namespace) => {
  test('the prefix goes, and a Shopify gid is nothing special', () => {
    expect(canonicalCustomer(namespace, `${namespace}-7`)).toBe('7')
    expect(canonicalCustomer(namespace, 'gid://shopify/Customer/7')).toBe(
      'gid://shopify/Customer/7',
    )
  })
})

describe('where ids are external', () => {
  test.each(['1001', 'shopify-1001', 'external-1'])('%s stays as it is', (id) => {
    expect(canonicalCustomer('external', id)).toBe(id)
    expect(prefixedCustomer('external', id)).toBe(id)
  })
})

const namespace = fc.constantFrom(...customerNamespaces)
// Prefixes and gids inside each other are what an attacker would try.
const piece = fc.constantFrom('shopify-', 'woocommerce-', 'gid://shopify/Customer/', '1', 'a', '.')
const id = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''))

test('a prefix inside a prefix is one spelling more of the same customer', () => {
  expect(canonicalCustomer('shopify', 'shopify-shopify-1')).toBe('1')
  expect(canonicalCustomer('shopify', 'shopify-gid://shopify/Customer/1')).toBe('1')
})

const many = { numRuns: 1000 }

describe('for every platform', () => {
  test('canonical ids stay as they are', () => {
    fc.assert(
      fc.property(namespace, id, (at, any) => {
        const once = canonicalCustomer(at, any)
        expect(canonicalCustomer(at, once)).toBe(once)
      }),
      many,
    )
  })

  test('bare, prefixed and gid spellings agree', () => {
    fc.assert(
      fc.property(namespace, fc.nat(), (at, number) => {
        const bare = canonicalCustomer(at, String(number))
        expect(canonicalCustomer(at, prefixedCustomer(at, String(number)))).toBe(bare)
        if (at !== 'shopify') return
        expect(canonicalCustomer(at, `gid://shopify/Customer/${number}`)).toBe(bare)
      }),
      many,
    )
  })

  test('the spelling on the wire leads back to the same customer', () => {
    fc.assert(
      fc.property(namespace, id, (at, any) => {
        const customer = canonicalCustomer(at, any)
        expect(canonicalCustomer(at, prefixedCustomer(at, customer))).toBe(customer)
      }),
      many,
    )
  })

  test('two customers are never written alike on the wire', () => {
    fc.assert(
      fc.property(namespace, id, id, (at, one, other) => {
        const [first, second] = [canonicalCustomer(at, one), canonicalCustomer(at, other)]
        fc.pre(first !== second)
        expect(prefixedCustomer(at, first)).not.toBe(prefixedCustomer(at, second))
      }),
      many,
    )
  })
})
