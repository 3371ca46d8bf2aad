/** Memory of so many known shoppers: the token stage alone, in this process. */
import { providers } from '../providers/index.ts'
import { systemClock } from '../src/clock.ts'
import { createTokens } from '../src/tokens/authorize.ts'
import type { Growth } from './report.ts'
import { SIGNING_SECRET } from './gatehouse.ts'
import { createHmac } from 'node:crypto'

export async function measureKnownShoppers(count: number): Promise<Growth> {
  const nector = providers.find(({ id }) => id === 'nector')
  if (nector === undefined) throw new Error('no such provider')
  const upstream = nector.start(
    nector.config.parse({
      environment: 'production',
      customer: 'shopify',
      keys: { storefront: { apiKey: 'ak_bench_not-a-real-key', signingSecret: SIGNING_SECRET } },
    }),
    { storefront: 'bench', origins: [] },
  )
  const tokens = createTokens({
    clock: systemClock,
    random: Math.random,
    capacity: 200_000,
    onEvent: () => undefined,
    exchange: () => async (request) => leadAnswer(request.path),
  })
  const credential = upstream.authorize({
    route: { credential: 'customer' },
    channel: 'browser',
    customer: '1',
    headers: { 'x-source': 'web' },
  })
  const before = settledMemory()
  for (let customer = 0; customer < count; customer++) {
    await tokens.authorize({
      storefront: 'bench',
      upstream,
      credential,
      customer: String(1_000_000 + customer),
      isReplayable: true,
    })
  }
  const grown = (settledMemory() - before) / 2 ** 20
  if (tokens.sizes.tokens !== count) throw new Error('not all shoppers are known')
  return { what: `${count} known shoppers`, value: `${grown.toFixed(0)} MB above idle` }
}

/** The heap after a full collection: run with --expose-gc. */
function settledMemory(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function leadAnswer(path: string) {
  const customer = new URLSearchParams(path.split('?')[1]).get('customer_id') ?? ''
  const lead = `00000000-0000-4000-8000-${customer.replace(/\D/g, '').padStart(12, '0')}`
  const iat = Math.floor(Date.now() / 1000)
  const text = [
    { alg: 'HS256', typ: 'JWT' },
    { lead_id: lead, iat, exp: iat + 3600 },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const token = `${text}.${createHmac('sha256', SIGNING_SECRET).update(text).digest('base64url')}`
  return { status: 200, headers: {}, body: JSON.stringify({ lead_token: token }) }
}
