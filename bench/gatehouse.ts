/** A gateway with everything on, as an operator would start it. */
import { hash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from './child.ts'
import type { Child } from './child.ts'

export const SIGNING_SECRET = 'bench_signing_secret_not-a-real-one'
const SESSION_SECRET = 'bench_session_secret_not-a-real-one_0123456789'
export const SERVICE_KEY = 'gh_bench-not-a-real-key'
export const ORIGIN = 'https://www.bench.example'

/** Starts `gatehouse start` with so many storefronts; the first one answers on `host`. */
export function startGatehouse(upstream: string, storefronts = 1): Promise<Child> {
  const file = writeConfiguration(upstream, storefronts)
  return startChild([process.execPath, 'bin/gatehouse.js', 'start', '--config', file])
}

export function writeConfiguration(upstream: string, storefronts: number): string {
  const file = join(mkdtempSync(join(tmpdir(), 'gatehouse-bench-')), 'gatehouse.yaml')
  writeFileSync(file, configuration(upstream, storefronts))
  return file
}

export const host = (storefront: number): string => `shop${storefront}.bench.example`

function configuration(upstream: string, storefronts: number): string {
  const all = Array.from({ length: storefronts }, (_, index) => storefront(upstream, index))
  return `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
storefronts:
${all.join('')}`
}

// Everything counts, and nothing is ever used up: a bench of refusals would measure nothing.
const PLENTY = '{ calls: 1000000000, per: 1m }'

function storefront(upstream: string, index: number): string {
  return `  shop${index}:
    hosts: [${host(index)}]
    limits: ${PLENTY}
    origins: [${ORIGIN}]
    identity:
      - { type: service-key, keys: [{ id: bench, sha256: ${hash('sha256', SERVICE_KEY, 'hex')}, scopes: [session] }] }
      - { type: session, secret: ${SESSION_SECRET}, ttl: 24h }
    providers:
      neuroon: { environment: "${upstream}", shopId: shop_${index}, budget: ${PLENTY}, apiKey: sk_bench_${index}_not-a-real-key }
      nector:
        environment: ${upstream}
        customer: shopify
        workspaceId: shopify-bench
        budget: ${PLENTY}
        keys:
          storefront: { apiKey: ak_bench_${index}_not-a-real-key, signingSecret: ${SIGNING_SECRET} }
`
}
