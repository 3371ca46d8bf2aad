// Writes the JSON Schema of the configuration, for editors. A test keeps the file up to date.
import { writeFileSync } from 'node:fs'
import { format } from 'prettier'
import { providers } from '../providers/index.ts'
import { jsonSchema } from '../src/config/json-schema.ts'

const text = await format(JSON.stringify(jsonSchema(providers)), {
  parser: 'json',
  printWidth: 100,
})
writeFileSync(new URL('../gatehouse.schema.json', import.meta.url), text)
