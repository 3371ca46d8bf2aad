import { expect, test } from 'vitest'
import { materialOf, readProofs } from '../../src/identity/proofs.ts'

const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

test('a bearer is named by its hash', () => {
  const abc = { text: 'abc', digest }
  expect(materialOf('abc')).toEqual(abc)
  expect(readProofs({ authorization: 'bearer abc' })).toEqual({ bearer: abc, keys: [] })
})

test.each([
  [{ 'x-shop-api-key': 'a', 'x-apikey': 'b' }, ['a', 'b']],
  [{ 'x-shop-api-key': 'a' }, ['a']],
  [{ 'x-apikey': '' }, ['']],
])('both headers may hold a key: %j', (headers: Record<string, string>, keys) => {
  expect(readProofs(headers)).toEqual({ bearer: null, keys })
})

test('without a key there is no list made for it', () => {
  expect(readProofs({}).keys).toBe(readProofs({}).keys)
})
