/**
 * Proof that the simulator can see: each fault is one that a gateway of this kind has had, planted
 * into the token code, and the simulator finds it. Without this, a silent simulator proves nothing.
 */
import { hash } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type * as AccountsModule from '../../src/tokens/accounts.ts'
import type { Accounts } from '../../src/tokens/accounts.ts'
import type * as AuthorizeModule from '../../src/tokens/authorize.ts'
import type * as CacheModule from '../../src/tokens/cache.ts'
import type { Entry, TokenCache } from '../../src/tokens/cache.ts'
import type { TokenTuple } from '../../src/tokens/key.ts'
import type * as MintModule from '../../src/tokens/mint.ts'
import type { Mint } from '../../src/tokens/mint.ts'
import type * as DeliverModule from '../../src/upstream/deliver.ts'
import type { Deliver } from '../../src/upstream/deliver.ts'
import type { Report } from './simulate.ts'

/** All of them, well before this many steps. */
const STEPS = 20_000
const SEEDS = [1, 2]

const dimensions = [
  'provider',
  'environment',
  'storefront',
  'keyId',
  'keyFingerprint',
  'namespace',
  'customer',
  'kind',
] as const satisfies readonly (keyof TokenTuple)[]

// A few seconds; where the machine is busy with other suites, very many more.
vi.setConfig({ testTimeout: 180_000 })

afterEach(() => {
  vi.doUnmock('../../src/tokens/accounts.ts')
  vi.doUnmock('../../src/tokens/authorize.ts')
  vi.doUnmock('../../src/tokens/cache.ts')
  vi.doUnmock('../../src/tokens/cool-downs.ts')
  vi.doUnmock('../../src/tokens/key.ts')
  vi.doUnmock('../../src/tokens/mint.ts')
  vi.doUnmock('../../src/tokens/single-flight.ts')
  vi.doUnmock('../../src/upstream/deliver.ts')
  vi.resetModules()
})

test('without a fault, these very runs find nothing', async () => {
  for (const seed of SEEDS) expect((await run(seed)).sins).toEqual([])
})

describe('a key and a comparison without', () => {
  test.each(dimensions)('%s', async (dimension) => {
    vi.doMock('../../src/tokens/key.ts', () => keysOver(without(dimension), without(dimension)))
    expect(await sinsFound()).toMatch(/another|rotated/)
  })
})

test('single flight by storefront alone', async () => {
  const keyed = (tuple: TokenTuple) => `${tuple.storefront} ${hashOf(Object.values(tuple))}`
  vi.doMock('../../src/tokens/key.ts', () => ({
    tokenKey: keyed,
    createTokenKeys: () => keyed,
    isSameTuple: () => true,
  }))
  vi.doMock('../../src/tokens/single-flight.ts', () => ({
    createSingleFlight: () => {
      const running = new Map<string, Promise<Entry>>()
      return {
        isRunning: (key: string) => running.has(key.split(' ', 1)[0] ?? ''),
        run(key: string, work: () => Promise<Entry>) {
          const storefront = key.split(' ', 1)[0] ?? ''
          const started = running.get(storefront) ?? work()
          running.set(storefront, started)
          return started.finally(() => running.delete(storefront))
        },
      }
    },
  }))
  expect(await sinsFound()).toContain('another')
})

test('no single flight at all', async () => {
  vi.doMock('../../src/tokens/single-flight.ts', () => ({
    createSingleFlight: () => ({
      isRunning: () => false,
      run: (_key: string, work: () => Promise<Entry>) => work(),
    }),
  }))
  expect(await sinsFound()).toBe('two mints at once for one token')
})

test('a token captured in shared state', async () => {
  vi.doMock('../../src/tokens/mint.ts', async (original) => {
    const { createMint } = await original<typeof MintModule>()
    // As where a variable outside the call holds "the" token while any is being made.
    let shared: Entry['token'] | null = null
    let underWay = 0
    return {
      createMint: (...parts: Parameters<typeof createMint>): Mint => {
        const mint = createMint(...parts)
        return async (...args) => {
          underWay += 1
          const entry = await mint(...args).finally(() => (underWay -= 1))
          const token = (shared ??= entry.token)
          if (underWay === 0) shared = null
          return { ...entry, token }
        }
      },
    }
  })
  expect(await sinsFound()).toMatch(/another|sent without/)
})

test('a swapped exchange answer that is learned without asking whose it is', async () => {
  vi.doMock('../../src/tokens/accounts.ts', () => ({ createAccounts: credulousAccounts }))
  expect(await sinsFound()).toContain('another')
})

test('no comparison on reading, with keys that collide', async () => {
  vi.doMock('../../src/tokens/key.ts', () => keysOver(without('customer'), () => []))
  expect(await sinsFound()).toContain('another')
})

test('expired tokens are served', async () => {
  mockCache((cache) => ({
    ...cache,
    get: (tuple, epoch) => cache.get(tuple, epoch, Number.NEGATIVE_INFINITY),
  }))
  expect(await sinsFound()).toMatch(/expired token|past its lifetime/)
})

test('lifetimes follow the clock of the wall', async () => {
  vi.doMock('../../src/tokens/authorize.ts', async (original) => {
    const { createTokens } = await original<typeof AuthorizeModule>()
    return {
      createTokens: (options: Parameters<typeof createTokens>[0]) => {
        const { clock } = options
        return createTokens({
          ...options,
          clock: { now: () => clock.now(), monotonic: () => clock.now() },
        })
      },
    }
  })
  expect(await sinsFound()).toMatch(/expired token|past its lifetime|cool-down/)
})

test('a refused token stays in memory', async () => {
  mockCache((cache) => ({ ...cache, remove: () => undefined }))
  expect(await sinsFound()).toBe('a refused token was used again')
})

test('a call is replayed for as long as it is refused', async () => {
  vi.doMock('../../src/upstream/deliver.ts', async (original) => {
    const module = await original<typeof DeliverModule>()
    return {
      createDeliver: (parts: Parameters<typeof module.createDeliver>[0]): Deliver => {
        const deliver = module.createDeliver(parts)
        return async (delivery, first) => {
          try {
            return await deliver(delivery, first)
          } catch (error) {
            const again = await parts.tokens.recover(first, { status: 401, headers: {} })
            if (again === null) throw error
            return await deliver(delivery, again)
          }
        }
      },
    }
  })
  expect(await sinsFound()).toMatch(/three times|twice that may not be|internal/)
})

test('failures are not remembered', async () => {
  vi.doMock('../../src/tokens/cool-downs.ts', () => ({
    coolDownEnd: (now: number) => now,
    createCoolDowns: () => ({ find: () => null, start: () => undefined }),
  }))
  expect(await sinsFound()).toBe('a mint in the cool-down of the last one')
})

test('a learned account is forgotten at once', async () => {
  vi.doMock('../../src/tokens/accounts.ts', async (original) => {
    const { createAccounts } = await original<typeof AccountsModule>()
    return { createAccounts: (n: number): Accounts => ({ ...createAccounts(n), find: () => null }) }
  })
  expect(await sinsFound()).toBe('an exchange for an account that is known')
})

/** The first sin that a run with the planted fault ends with. */
async function sinsFound(): Promise<string> {
  for (const seed of SEEDS) {
    const { sins, steps } = await run(seed)
    if (sins[0] === undefined) continue
    expect(steps).toBeLessThan(STEPS)
    return sins[0].replace(/ \(.*\)$/, '')
  }
  return 'nothing found'
}

async function run(seed: number): Promise<Report> {
  vi.resetModules()
  const { simulate } = await import('./simulate.ts')
  return simulate({ seed, steps: STEPS })
}

function keysOver(
  keyed: (tuple: TokenTuple) => readonly unknown[],
  compared: (tuple: TokenTuple) => readonly unknown[],
) {
  const tokenKey = (tuple: TokenTuple) => hashOf(keyed(tuple))
  return {
    tokenKey,
    createTokenKeys: () => tokenKey,
    isSameTuple: (one: TokenTuple, other: TokenTuple) =>
      JSON.stringify(compared(one)) === JSON.stringify(compared(other)),
  }
}

function without(dropped: keyof TokenTuple): (tuple: TokenTuple) => readonly unknown[] {
  return (tuple) =>
    dimensions.filter((dimension) => dimension !== dropped).map((dimension) => tuple[dimension])
}

function hashOf(values: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(values), 'base64url')
}

function mockCache(change: (cache: TokenCache) => TokenCache): void {
  vi.doMock('../../src/tokens/cache.ts', async (original) => {
    const { createTokenCache } = await original<typeof CacheModule>()
    return { createTokenCache: (capacity: number) => change(createTokenCache(capacity)) }
  })
}

/** Believes whatever it is told. */
function credulousAccounts(): Accounts {
  const known = new Map<string, string>()
  const nameOf = (owner: Parameters<Accounts['find']>[0]) =>
    JSON.stringify(
      ['provider', 'environment', 'storefront', 'namespace', 'customer'].map(
        (name) => owner[name as keyof typeof owner],
      ),
    )
  return {
    find: (owner) => known.get(nameOf(owner)) ?? null,
    learn(owner, account) {
      known.set(nameOf(owner), account)
      return 'learned'
    },
    doubt: (owner) => known.delete(nameOf(owner)),
    get size() {
      return known.size
    },
  }
}
