import { expect, test } from 'vitest'
import { suggestKey } from '../../src/config/suggest.ts'

const schema = {
  properties: {
    origins: {},
    store: {},
    list: { items: { anyOf: [{ properties: { secret: {} } }, { properties: { scopes: {} } }] } },
    named: { additionalProperties: { properties: { hosts: {} } } },
  },
}

test.each([
  [[], 'origin', 'origins'],
  [[], 'Origins', 'origins'],
  [[], 'orignis', 'origins'],
  [[], 'stroe', null],
  [[], 'sotre', null],
  [[], 'stor', 'store'],
  [[], 'anything', null],
  [['list', 3], 'secrets', 'secret'],
  [['list', 0], 'scope', 'scopes'],
  [['named', 'acme'], 'host', 'hosts'],
  [['nowhere', 0, 'x'], 'host', null],
])('at %j, %s was probably %s', (path, key, meant) => {
  expect(suggestKey(schema, path, key)).toBe(meant)
})
