import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { secretSchema } from '../secret.ts'
import { withBudget } from './budget.ts'
import type { Config } from './config.ts'
import { durationSchema } from './duration.ts'
import { bindAddressSchema, hostSchema } from './host.ts'
import { identitySchema } from './identity.ts'
import { notAvailable } from './later.ts'
import { cacheSchema, limitsSchema } from './limits.ts'
import { listenLimitsSchema } from './listen-limits.ts'
import { networkSchema } from './network.ts'
import { oneType } from './one-type.ts'
import { originSchema } from './origin.ts'
import { knownScopes } from './scopes.ts'

/** `gatehouse.yaml`, references resolved → `Config`. What may not occur together: `conflicts.ts`. */
export function configSchema(providers: readonly Provider[]): z.ZodType<Config> {
  return z.strictObject({
    configVersion: z.literal(1).default(1),
    listen: listenSchema.prefault({}),
    admin: adminSchema.prefault({}),
    store: oneType([z.strictObject({ type: z.literal('memory') })]).prefault({ type: 'memory' }),
    workers: workersSchema.default(1),
    shutdown: shutdownSchema.prefault({}),
    storefronts: z
      .record(storefrontIdSchema, storefrontSchema(providers))
      .refine((all) => Object.keys(all).length > 0, 'needs at least one storefront'),
  })
}

const portSchema = z.int().min(0).max(65_535)

const listenSchema = z
  .strictObject({
    host: bindAddressSchema.default('0.0.0.0'),
    port: portSchema.default(8080),
    trustedProxies: z
      .array(networkSchema)
      .default([])
      .describe('Forwarded headers count only from these addresses'),
    limits: listenLimitsSchema.prefault({}),
  })
  .describe('The public listener')

const adminSchema = z
  .strictObject({
    host: bindAddressSchema.default('127.0.0.1'),
    port: portSchema.default(8081),
    token: secretSchema
      .nullable()
      .default(null)
      .describe('Required when the host is reachable from elsewhere'),
  })
  .describe('The operator’s listener: metrics and status')

const workersSchema = z.literal(1, {
  error: ({ input }) => (input === 'auto' || Number(input) > 1 ? notAvailable : 'must be 1'),
})

const shutdownSchema = z
  .strictObject({
    wait: durationSchema({ min: '0s', max: '1h' }).prefault('2s'),
    deadline: durationSchema({ min: '1ms', max: '1h' }).prefault('10s'),
  })
  .describe('Readiness off → wait → finish → exit')

const storefrontIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/)

function storefrontSchema(providers: readonly Provider[]) {
  const storefront = z.strictObject({
    hosts: z.array(hostSchema).min(1, 'needs at least one host'),
    origins: z.array(originSchema).default([]).describe('Pages that may call, exactly as sent'),
    identity: z.array(identitySchema(knownScopes(providers))).default([]),
    providers: providersSchema(providers),
    limits: limitsSchema.prefault({ calls: 600, per: '1m' }),
    cache: cacheSchema.prefault({}),
  })
  return storefront.transform(({ providers: configured, ...rest }) => ({
    ...rest,
    providers: mapValues(configured, ({ own }) => own),
    budgets: mapValues(configured, ({ budget }) => budget),
  }))
}

function mapValues<Value, Result>(
  values: Readonly<Record<string, Value | undefined>>,
  map: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, map(value)]],
    ),
  )
}

function providersSchema(providers: readonly Provider[]) {
  const ids = providers.map((provider) => provider.id)
  const shape = Object.fromEntries(
    providers.map((provider) => [provider.id, providerSchema(provider).optional()]),
  )
  return z
    .strictObject(shape)
    .refine((chosen) => Object.keys(chosen).length > 0, `needs at least one of ${ids.join(', ')}`)
}

/** What one storefront configures under `providers.<id>`. */
export function providerSchema(provider: Provider) {
  return withBudget(provider.config)
}
