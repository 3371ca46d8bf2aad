import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { budgetSchema } from './budget.ts'
import { configSchema } from './schema.ts'

export type JsonSchema = z.core.JSONSchema.JSONSchema

/** The schema of the file as it is written, for editors: references are allowed everywhere. */
export function jsonSchema(providers: readonly Provider[]): JsonSchema {
  const schema = z.toJSONSchema(configSchema(providers), {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema, path }) => {
      allowReference(jsonSchema)
      if (path.at(-3) === 'providers') allowBudget(jsonSchema)
    },
  })
  return { ...schema, title: 'Gatehouse configuration' }
}

/** Taken out before the provider's schema sees it, which therefore does not know of it. */
function allowBudget(schema: z.core.JSONSchema.BaseSchema): void {
  const { $schema: _, ...budget } = z.toJSONSchema(budgetSchema, {
    io: 'input',
    override: ({ jsonSchema }) => allowReference(jsonSchema),
  })
  schema.properties = { ...schema.properties, budget }
}

const reference = { type: 'string', pattern: '\\$\\{(env|file):[^{}]+\\}' } as const
const constraints = [
  'type',
  'pattern',
  'format',
  'enum',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
]

/** Whatever a plain string would not be, may also be a string with a reference in it. */
function allowReference(schema: z.core.JSONSchema.BaseSchema): void {
  const { type } = schema
  const isConstrained = constraints.some((name) => name !== 'type' && name in schema)
  const isScalar = type === 'integer' || type === 'number' || type === 'boolean'
  if ('const' in schema || !(isScalar || (type === 'string' && isConstrained))) return
  const own = Object.fromEntries(
    Object.entries(schema).filter(([name]) => constraints.includes(name)),
  )
  for (const name of constraints) Reflect.deleteProperty(schema, name)
  schema.anyOf = [own, { ...reference }]
}
