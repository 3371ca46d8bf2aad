import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { providers } from '../../providers/index.ts'
import { jsonSchema } from '../../src/config/json-schema.ts'

test('gatehouse.schema.json is what the code accepts; "npm run schema" writes it', () => {
  const published: unknown = JSON.parse(
    readFileSync(new URL('../../gatehouse.schema.json', import.meta.url), 'utf8'),
  )
  expect(published).toEqual(JSON.parse(JSON.stringify(jsonSchema(providers))))
})
