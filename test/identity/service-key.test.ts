import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readProofs } from '../../src/identity/proofs.ts'
import { createServiceKeyIdentifier } from '../../src/identity/service-key.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOfError } from '../support/code-of.ts'

const keys = [
  { id: 'one', sha256: hash('sha256', 'gh_one', 'hex'), scopes: ['session'] },
  { id: 'two', sha256: hash('sha256', 'gh_two', 'hex'), scopes: [] },
]

function say(headers: Record<string, string>): unknown {
  try {
    return createServiceKeyIdentifier(keys)(readProofs(headers), arrivalOf({ headers }))
  } catch (error) {
    return codeOfError(error)
  }
}

const one = { kind: 'service', channel: 'server', id: 'one', scopes: new Set(['session']) }

describe('a service key', () => {
  test('is known as a bearer and in both headers', () => {
    expect(say({ authorization: 'Bearer gh_one' })).toEqual({ ...one, isBearer: true })
    expect(say({ 'x-shop-api-key': 'gh_one' })).toEqual(one)
    expect(say({ 'x-apikey': 'gh_one' })).toEqual(one)
  })

  test.each([
    {},
    { authorization: 'Bearer gh_three' },
    { authorization: 'Bearer GH_ONE' },
    { 'x-apikey': 'placeholder', 'x-shop-api-key': 'sk_0' },
    { 'x-apikey': '' },
    { 'x-apikey': ' gh_one' },
    { authorization: `Bearer ${hash('sha256', 'gh_one', 'hex')}` },
  ])('is not mine: %j', (headers) => expect(say(headers)).toBeNull())

  test('may come with a placeholder, and twice', () => {
    const bearer = { authorization: 'Bearer gh_one' }
    expect(say({ ...bearer, 'x-apikey': 'placeholder' })).toEqual({ ...one, isBearer: true })
    expect(say({ ...bearer, 'x-apikey': 'gh_one' })).toEqual({ ...one, isBearer: true })
    expect(say({ 'x-shop-api-key': 'x', 'x-apikey': 'gh_one' })).toEqual(one)
    expect(say({ authorization: 'Bearer session', 'x-apikey': 'gh_one' })).toEqual(one)
  })

  test.each([
    { authorization: 'Bearer gh_one', 'x-apikey': 'gh_two' },
    { authorization: 'Bearer gh_two', 'x-shop-api-key': 'gh_one' },
    { 'x-shop-api-key': 'gh_one', 'x-apikey': 'gh_two' },
  ])('is refused beside another one: %j', (headers) => {
    expect(say(headers)).toBe('identity/invalid')
  })
})
