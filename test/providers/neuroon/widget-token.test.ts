import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { config } from '../../../providers/neuroon/config.ts'
import {
  mintWidgetToken,
  readWidgetToken,
  WIDGET_TOKEN_LIFETIME,
  WIDGET_TOKEN_REFRESH,
} from '../../../providers/neuroon/widget-token.ts'
import { readWidgetToken as emulatorReads } from '../../../sandbox/emulators/neuroon/widget-token.ts'
import { Secret } from '../../../src/secret.ts'
import { vectors } from '../../vectors/wire-facts-4.ts'

const { shopId, seconds, apiKey, signature, token } = vectors.widgetToken
const key = new Secret(apiKey)

describe('a widget token', () => {
  test('is the golden vector of wire facts §4', () => {
    expect(mintWidgetToken(shopId, key, seconds * 1000)).toBe(token)
  })

  test('is read back into what it was made of', () => {
    expect(readWidgetToken(token)).toEqual({ shopId, issuedAt: seconds * 1000, signature })
  })

  test('is the same within one second, and another one in the next', () => {
    expect(mintWidgetToken(shopId, key, seconds * 1000 + 999)).toBe(token)
    expect(mintWidgetToken(shopId, key, seconds * 1000 + 1000)).not.toBe(token)
  })

  test('is signed with the whole key, the part before the underscore included', () => {
    const withoutPrefix = new Secret(apiKey.slice('sk_'.length))
    expect(mintWidgetToken(shopId, withoutPrefix, seconds * 1000)).not.toBe(token)
  })

  test('has no padding and only URL-safe characters', () => {
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/)
  })

  test('lives a day and is renewed an hour before', () => {
    expect(WIDGET_TOKEN_LIFETIME).toBe(24 * 3_600_000)
    expect(WIDGET_TOKEN_REFRESH).toBe(23 * 3_600_000)
  })

  test('is split from the right: a shop id may hold colons', () => {
    const odd = Buffer.from(`a:1:b:${seconds}:${signature}`).toString('base64url')
    expect(readWidgetToken(odd)).toMatchObject({ shopId: 'a:1:b', issuedAt: seconds * 1000 })
  })

  test.each([
    ['an empty text', ''],
    ['something else', 'not-a-token'],
    ['two parts', encode(`${shopId}:${seconds}`)],
    ['no shop', encode(`:${seconds}:${signature}`)],
    ['letters for seconds', encode(`${shopId}:soon:${signature}`)],
    ['an upper-case signature', encode(`${shopId}:${seconds}:${signature.toUpperCase()}`)],
    ['a short signature', encode(`${shopId}:${seconds}:${signature.slice(1)}`)],
    ['something behind it', encode(`${shopId}:${seconds}:${signature}\n`)],
  ])('is not %s', (_what, text) => {
    expect(readWidgetToken(text)).toBeNull()
  })
})

const shop = fc
  .string({
    minLength: 1,
    maxLength: 24,
    unit: fc.constantFrom(...'abzAZ019._~-:%é '.split('')),
  })
  .filter((id) => isConfigurable(id))
const second = fc.integer({ min: 0, max: 9_999_999_999 })

describe('for every shop id that the configuration lets through', () => {
  test('distinct (shop, second) pairs give distinct payloads, so distinct tokens', () => {
    fc.assert(
      fc.property(shop, second, shop, second, (one, at, other, then) => {
        fc.pre(one !== other || at !== then)
        expect(payload(mintWidgetToken(one, key, at * 1000))).not.toBe(
          payload(mintWidgetToken(other, key, then * 1000)),
        )
      }),
    )
  })

  test('a token is read back, here and by the emulator', () => {
    fc.assert(
      fc.property(shop, second, (id, at) => {
        const minted = mintWidgetToken(id, key, at * 1000)
        expect(readWidgetToken(minted)).toMatchObject({ shopId: id, issuedAt: at * 1000 })
        expect(emulatorReads(minted)).toMatchObject({
          ok: true,
          claim: { shopId: id, seconds: at },
        })
      }),
    )
  })
})

describe('a shop id with a colon, which could make two payloads equal,', () => {
  test('is refused by the configuration', () => {
    expect(isConfigurable('shop:1')).toBe(false)
    expect(isConfigurable('shop_abc')).toBe(true)
  })
})

function isConfigurable(id: string): boolean {
  return config.safeParse({ environment: 'production', shopId: id, apiKey }).success
}

function payload(minted: string): string {
  const text = Buffer.from(minted, 'base64url').toString('utf8')
  return text.slice(0, text.lastIndexOf(':'))
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}
