import { describe, expect, test } from 'vitest'
import { createCanonicalCustomer } from '../../src/identity/customer-id.ts'
import { createIdentify } from '../../src/identity/identify.ts'
import type { Identifier } from '../../src/identity/identify.ts'
import type { CustomerPrincipal, Principal } from '../../src/identity/principal.ts'
import { subjectOf } from '../../src/identity/principal.ts'
import type { Proofs } from '../../src/identity/proofs.ts'
import { Problem } from '../../src/problem.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOfError } from '../support/code-of.ts'

const alice = (more: Partial<CustomerPrincipal> = {}): CustomerPrincipal => ({
  kind: 'customer',
  channel: 'app',
  customer: '1001',
  expiresAt: 1,
  session: null,
  ...more,
})
const bearer = { isBearer: true } as const
const ambient = { isAmbient: true } as const
const bob = (more: Partial<CustomerPrincipal> = {}) => alice({ customer: '1002', ...more })
const guest: Principal = { kind: 'anonymous', channel: 'browser', isAmbient: true }
const backend: Principal = {
  kind: 'service',
  channel: 'server',
  id: 'backend',
  scopes: new Set(),
  isBearer: true,
}
const refusal = (code: 'identity/expired' | 'identity/invalid', cookie: string): Principal => ({
  kind: 'anonymous',
  channel: 'browser',
  refusal: new Problem(code, 'no'),
  clearCookies: [cookie],
})
const stale = refusal('identity/expired', 'a=')
const wrong = refusal('identity/invalid', 'b=')

const says =
  (principal: Principal | null): Identifier =>
  () =>
    principal
const saysLater =
  (principal: Principal | null): Identifier =>
  async () =>
    principal

function identify(
  identifiers: readonly Identifier[],
  headers: Record<string, string> = {},
): Principal | Promise<Principal> {
  const canonicalCustomer = createCanonicalCustomer([(id) => id.replace(/^shopify-/, '')])
  return createIdentify({ identifiers, canonicalCustomer })(arrivalOf({ headers }))
}

async function codeOf(identifiers: readonly Identifier[], headers: Record<string, string> = {}) {
  try {
    await identify(identifiers, headers)
    return 'ok'
  } catch (error) {
    return codeOfError(error)
  }
}

const authorized = { authorization: 'Bearer abc' }

describe('a call without a proof', () => {
  test.each([
    ['an app', {}, 'app'],
    ['a page', { origin: 'https://x' }, 'browser'],
    ['a browser', { 'sec-fetch-site': 'none' }, 'browser'],
  ])('is nobody’s: %s', (_what, headers, channel) => {
    expect(identify([says(null)], headers)).toEqual({ kind: 'anonymous', channel })
    expect(identify([], headers)).toEqual({ kind: 'anonymous', channel })
  })

  test('is the same nobody each time, without an object made for it', () => {
    expect(identify([])).toBe(identify([]))
  })
})

describe('one proof', () => {
  test('is answered at once where the source is at hand', () => {
    const principal = alice(bearer)
    expect(identify([says(null), says(principal), says(null)], authorized)).toBe(principal)
  })

  test('is waited for where it is not', async () => {
    const principal = alice(bearer)
    const answer = identify([says(null), saysLater(principal), says(null)], authorized)
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toBe(principal)
  })

  test('of a guest is nobody’s', () => expect(identify([says(guest)])).toBe(guest))

  test('that is bad refuses, whatever the next source would say', async () => {
    const bad: Identifier = () => {
      throw new Problem('identity/invalid', 'no')
    }
    expect(await codeOf([bad, says(alice(bearer))], authorized)).toBe('identity/invalid')
    expect(await codeOf([async () => bad({} as Proofs, arrivalOf()), says(alice())])).toBe(
      'identity/invalid',
    )
  })
})

describe('a bearer', () => {
  test('that nobody knows is refused', async () => {
    for (const found of [null, guest, alice(ambient), stale, { ...backend, isBearer: undefined }]) {
      const principal = found as Principal | null
      expect(await codeOf([says(principal)], authorized)).toBe('identity/invalid')
      expect(await codeOf([saysLater(principal)], authorized)).toBe('identity/invalid')
    }
  })

  test.each(['Basic YTpi', 'abc', 'Bearer', 'Bearer ', 'Bearer a b', 'Bearer a,b', 'Bearer ä', ''])(
    'of another form is refused: %j',
    async (authorization) => {
      expect(await codeOf([says(alice(bearer))], { authorization })).toBe('identity/invalid')
    },
  )

  test('that one source has claimed is not shown to the next', async () => {
    const shown: unknown[] = []
    const watch: Identifier = (proofs) => {
      shown.push(proofs.bearer)
      return null
    }
    await identify([watch, says(alice(bearer)), watch], authorized)
    await identify([watch, saysLater(alice(bearer)), watch], authorized)
    await identify([says(alice(ambient)), watch, says(alice(bearer))], authorized)
    const known = {
      text: 'abc',
      digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    }
    expect(shown).toEqual([known, null, known, null, known])
  })
})

describe('two proofs', () => {
  test.each([
    ['two customers', alice(bearer), bob(ambient)],
    ['a server and a customer', backend, alice(ambient)],
    ['two servers', backend, { ...backend, id: 'other' }],
  ])('of different callers are refused: %s', async (_what, one, other) => {
    expect(await codeOf([says(one), says(other)], authorized)).toBe('identity/invalid')
    expect(await codeOf([saysLater(other), saysLater(one)], authorized)).toBe('identity/invalid')
  })

  test('of one customer are one, and the one that no page can cause decides', () => {
    const [strong, weak] = [alice(bearer), alice(ambient)]
    expect(identify([says(weak), says(strong)], authorized)).toBe(strong)
    expect(identify([says(strong), says(weak)], authorized)).toBe(strong)
    expect(identify([says(weak), says(alice(ambient))])).toBe(weak)
  })

  test('of one server are one', async () => {
    const byHeader: Principal = { ...backend, isBearer: undefined as never }
    expect(identify([says(backend), says(byHeader)], authorized)).toMatchObject({ id: 'backend' })
    const shopper = alice({ ...ambient, customer: 'backend' })
    expect(await codeOf([says(backend), says(shopper)], authorized)).toBe('identity/invalid')
    expect(await codeOf([says(shopper), says(backend)], authorized)).toBe('identity/invalid')
  })

  test('of which one is a guest’s are the other’s', async () => {
    const strong = alice(bearer)
    expect(identify([says(guest), says(strong)], authorized)).toBe(strong)
    const sources = [says(guest), says(wrong), says(strong)]
    expect(await codeOf(sources, authorized)).toBe('identity/invalid')
  })

  test('of which one is stale are the other’s, and the stale one is cleared', () => {
    const found = identify([says(stale), says(alice(bearer))], authorized)
    expect(found).toEqual({ ...alice(bearer), clearCookies: ['a='] })
  })

  test('of which one is wrong are refused', async () => {
    expect(await codeOf([says(wrong), says(alice(bearer))], authorized)).toBe('identity/invalid')
    expect(await codeOf([says(alice(ambient)), says(wrong)])).toBe('identity/invalid')
  })

  test('of nobody: wrong outweighs stale, stale outweighs a guest, and each is cleared', () => {
    expect(identify([says(guest), says(stale)])).toMatchObject({
      refusal: { code: 'identity/expired' },
      isAmbient: true,
      clearCookies: ['a='],
    })
    for (const order of [
      [stale, wrong, guest],
      [guest, wrong, stale],
    ]) {
      const found = identify(order.map(says))
      expect(found).toMatchObject({ refusal: { code: 'identity/invalid' } })
      expect(new Set((found as Principal).clearCookies)).toEqual(new Set(['a=', 'b=']))
    }
    expect(identify([says(stale), says(wrong)])).not.toHaveProperty('isAmbient')
  })
})

describe('x-gatehouse-customer', () => {
  const acting = { ...authorized, 'x-gatehouse-customer': 'shopify-1001' }

  test('makes a server act for a customer, in canonical spelling', () => {
    const found = identify([says(backend)], acting) as Principal
    expect(found).toEqual({ ...backend, customer: '1001' })
    expect(subjectOf(found)).toBe('1001')
    expect(subjectOf(backend)).toBeNull()
    expect(backend).not.toHaveProperty('customer')
  })

  test.each([
    ['nobody', null],
    ['a guest', guest],
    ['a customer', alice(bearer)],
    ['the same customer', alice({ ...bearer, customer: 'shopify-1001' })],
  ])('is for servers alone: %s', async (_what, found) => {
    const headers = found?.isBearer === true ? acting : { 'x-gatehouse-customer': '1001' }
    expect(await codeOf([says(found)], headers)).toBe('identity/missing')
  })

  test.each(['', 'a:b', '../1', '1001, 1002', 'x'.repeat(129)])(
    'must be a customer id: %j',
    async (id) => {
      const headers = { ...authorized, 'x-gatehouse-customer': id }
      expect(await codeOf([says(backend)], headers)).toBe('downstream/malformed')
    },
  )
})
