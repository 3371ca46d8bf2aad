import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { minimal } from '../support/config-text.ts'
import { fakeProvider } from '../support/fake-provider.ts'

const validate = new Ajv2020({ strict: false }).compile(jsonSchema([fakeProvider]))
// Plain YAML needs quotes around a reference inside braces; the gateway does not.
const quoted = minimal.replaceAll(/\$\{env:\w+\}/g, '"$&"')
const isValid = (text: string) => validate(parse(text))

describe('the JSON Schema for editors', () => {
  test('takes the shortest file', () => expect(isValid(quoted)).toBe(true))

  test.each([
    'listen: { port: "${env:PORT}", host: "${file:/run/host}" }',
    'shutdown: { wait: "${env:WAIT}" }',
    'workers: 1',
  ])('takes %s', (top) => expect(isValid(`${top}\n${quoted}`)).toBe(true))

  test.each([
    'listne: {}',
    'listen: { port: eighty }',
    'listen: { tls: {} }',
    'shutdown: { wait: soon }',
    'workers: 2',
    'store: { type: redis }',
  ])('refuses %s', (top) => expect(isValid(`${top}\n${quoted}`)).toBe(false))

  test('refuses another provider’s name', () => {
    expect(isValid(quoted.replace('acmeapi:', 'other:'))).toBe(false)
  })

  test('knows what a budget may be', () => {
    expect(isValid(`${quoted}        budget: off\n`)).toBe(true)
    expect(isValid(`${quoted}        budget: { calls: 1, per: 1m }\n`)).toBe(true)
    expect(isValid(`${quoted}        budget: { calls: 1 }\n`)).toBe(false)
  })
})
