/** A gateway with everything on, as an operator would start it. */
import { hash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from './child.ts'
import type { Child } from './child.ts'
import { AUDIENCE, ISSUER, publicKey } from './shopper-tokens.ts'

export const SIGNING_SECRET = 'bench_signing_secret_not-a-real-one'
const SESSION_SECRET = 'bench_session_secret_not-a-real-one_0123456789'
const SERVICE_KEY = 'gh_bench-not-a-real-key'
export const ORIGIN = 'https://www.bench.example'

const COMMAND = ['bin/gatehouse.js', 'start', '--config']

/** Where the providers are, if not in the same place. */
export interface Upstreams {
  readonly neuroon: string
  readonly nector: string
}

/** Starts `gatehouse start` with so many storefronts; the first one answers on `host(0)`. */
export function startGatehouse(
  upstream: string | Upstreams,
  storefronts = 1,
  nodeOptions: readonly string[] = [],
): Promise<Child> {
  const file = writeConfiguration(upstream, storefronts)
  return startChild([process.execPath, ...nodeOptions, ...COMMAND, file])
}

export const host = (storefront: number): string => `shop${storefront}.bench.example`

export function writeConfiguration(upstream: string | Upstreams, storefronts: number): string {
  const file = join(mkdtempSync(join(tmpdir(), 'gatehouse-bench-')), 'gatehouse.yaml')
  const upstreams =
    typeof upstream === 'string' ? { neuroon: upstream, nector: upstream } : upstream
  writeFileSync(file, configuration(upstreams, storefronts))
  return file
}

function configuration(upstreams: Upstreams, storefronts: number): string {
  const all = Array.from({ length: storefronts }, (_, index) => storefront(upstreams, index))
  return `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
storefronts:
${all.join('')}`
}

// Everything counts, and nothing is ever used up: a bench of refusals would measure nothing.
const LIMITS = '{ calls: 1000000000, per: 1m }'
// Of a second: the log of a minute would hold a thousand times what a real quota lets it hold.
const BUDGET = '{ calls: 1000000000, per: 1s }'

function storefront({ neuroon, nector }: Upstreams, index: number): string {
  return `  shop${index}:
    hosts: [${host(index)}]
    origins: [${ORIGIN}]
    identity:
      - { type: service-key, keys: [{ id: bench, sha256: ${hash('sha256', SERVICE_KEY, 'hex')}, scopes: [session] }] }
      - { type: jwt, issuer: ${ISSUER}, audience: ${AUDIENCE}, keys: [${JSON.stringify(publicKey)}] }
      - { type: session, secret: ${SESSION_SECRET}, ttl: 24h }
    providers:
      neuroon:
        environment: ${neuroon}
        shopId: shop_${index}
        apiKey: sk_bench_${index}_not-a-real-key
        budget: ${BUDGET}
      nector:
        environment: ${nector}
        customer: shopify
        workspaceId: shopify-bench
        keys:
          storefront: { apiKey: ak_bench_${index}_not-a-real-key, signingSecret: ${SIGNING_SECRET} }
        budget: ${BUDGET}
    limits: ${LIMITS}
`
}
