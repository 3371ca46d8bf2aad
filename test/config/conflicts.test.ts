import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { findConflicts } from '../../src/config/conflicts.ts'
import { formatPath } from '../../src/config/mistake.ts'

const conflicts = (text: string) =>
  findConflicts(parse(text)).map(({ path, message }) => `${formatPath(path)}: ${message}`)

describe('hosts', () => {
  test.each([
    ['{ a: { hosts: [x, y] }, b: { hosts: [z] } }', []],
    ['{ a: { hosts: ["*"] } }', []],
    [
      '{ a: { hosts: [x] }, b: { hosts: [y, x] } }',
      ['storefronts.b.hosts[1]: is listed twice; each host leads to one storefront'],
    ],
    [
      '{ a: { hosts: [x, x] } }',
      ['storefronts.a.hosts[1]: is listed twice; each host leads to one storefront'],
    ],
    [
      '{ a: { hosts: ["*", x] } }',
      ["storefronts.a.hosts[0]: may be '*' only as the only host of the only storefront"],
    ],
    [
      '{ a: { hosts: ["*"] }, b: { hosts: [x] } }',
      ["storefronts.a.hosts[0]: may be '*' only as the only host of the only storefront"],
    ],
    [
      '{ a: { hosts: ["*"] }, b: {} }',
      ["storefronts.a.hosts[0]: may be '*' only as the only host of the only storefront"],
    ],
  ])('%s', (storefronts, expected) => {
    expect(conflicts(`storefronts: ${storefronts}`)).toEqual(expected)
  })
})

describe('within a storefront', () => {
  const within = (identity: string) => conflicts(`storefronts: { a: { identity: ${identity} } }`)

  test('there is one session source', () => {
    expect(within('[{ type: session }, { type: service-key }]')).toEqual([])
    expect(within('[{ type: session }, { type: session }]')).toEqual([
      'storefronts.a.identity[1].type: may be session only once per storefront',
    ])
  })

  test('ids and hashes of service keys are unique, across sources too', () => {
    const two = (first: string, second: string) =>
      within(`[{ keys: [{ ${first} }] }, { keys: [{ ${second} }] }]`)
    expect(two('id: x, sha256: "1"', 'id: y, sha256: "2"')).toEqual([])
    expect(two('id: x, sha256: "1"', 'id: x, sha256: "2"')).toEqual([
      'storefronts.a.identity[1].keys[0].id: is the id of another key as well',
    ])
    expect(two('id: x, sha256: "1"', 'id: y, sha256: "1"')).toEqual([
      'storefronts.a.identity[1].keys[0].sha256: is the same key under another id',
    ])
  })

  test('another storefront may have the same ones', () => {
    const storefront =
      '{ identity: [{ type: session, keys: [{ id: x, sha256: "1" }] }], origins: [o] }'
    expect(conflicts(`storefronts: { a: ${storefront}, b: ${storefront} }`)).toEqual([])
  })

  test('an origin is listed once', () => {
    expect(conflicts('storefronts: { a: { origins: [o, p, o] } }')).toEqual([
      'storefronts.a.origins[2]: is listed twice',
    ])
  })
})

describe('the admin listener', () => {
  const open = 'admin.host: can be reached from elsewhere and needs admin.token'
  const same = 'admin.port: is the port of listen as well'

  test.each([
    ['admin: {}', []],
    ['admin: { host: 127.0.0.2 }', []],
    ['admin: { host: 0.0.0.0, token: anything }', []],
    ['admin: { host: 0.0.0.0 }', [open]],
    ['admin: { host: "::", token: null }', [open]],
    ['admin: { host: admin.internal }', [open]],
    ['admin: { port: 8080 }', [same]],
    ['listen: { port: 8081 }', [same]],
    ['{ listen: { port: 9000 }, admin: { port: "9000" } }', [same]],
    ['{ listen: { host: 127.0.0.1, port: 9000 }, admin: { host: 127.0.0.2, port: 9000 } }', []],
    ['{ listen: { port: 0 }, admin: { port: 0 } }', []],
  ])('%s', (text, expected) => expect(conflicts(text)).toEqual(expected))
})

describe('the shutdown', () => {
  test.each([
    ['{}', false],
    ['{ wait: 10s }', true],
    ['{ deadline: 2s }', true],
    ['{ wait: 20s, deadline: 21s }', false],
    ['{ wait: soon, deadline: 1s }', false],
    ['{ wait: 20s, deadline: 5 }', false],
  ])('%s ends too early: %s', (shutdown, isMistake) => {
    expect(conflicts(`shutdown: ${shutdown}`)).toHaveLength(isMistake ? 1 : 0)
  })
})

test('a file of any other shape has none', () => {
  for (const text of [
    '',
    'text',
    '[1]',
    'storefronts: [1, { hosts: x }]',
    'storefronts: { a: null }',
  ]) {
    expect(conflicts(text)).toEqual([])
  }
})
