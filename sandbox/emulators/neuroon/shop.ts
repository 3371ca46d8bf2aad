import { createHash } from 'node:crypto'

import { demoProducts } from './demo-products.ts'
import type { Product } from './demo-products.ts'

export interface ShopSeed {
  readonly shopId: string
  readonly apiKey: string
  readonly url: string
  /** The environment it is registered in; default the emulator's own. */
  readonly environment?: string
}

/** A shop as the emulator keeps it; every call that changes something changes this. */
export interface Shop {
  readonly shopId: string
  readonly url: string
  readonly name: string
  readonly verificationCode: string
  isVerified: boolean
  readonly products: Map<string, Product>
  readonly orderIds: Set<string>
  /** `X-Idempotency-Key` → what was sent with it, and what was answered. */
  readonly syncs: Map<string, { readonly digest: string; readonly answer: object }>
}

export interface ShopBook {
  find(shopId: string): Shop | null
  ownerOf(apiKey: string): Shop | null
  keysOf(shop: Shop): string[]
  /** Every live key. */
  keys(): string[]
  addKey(shopId: string, apiKey: string): void
  removeKey(apiKey: string): void
}

/** Shops of another environment do not exist here: their keys and tokens are unknown. */
export function createShopBook(seeds: readonly ShopSeed[], environment: string): ShopBook {
  const shops = new Map<string, Shop>()
  const owners = new Map<string, Shop>()

  const book: ShopBook = {
    find: (shopId) => shops.get(shopId) ?? null,
    ownerOf: (apiKey) => owners.get(apiKey) ?? null,
    keysOf: (shop) => [...owners].filter(([, owner]) => owner === shop).map(([key]) => key),
    keys: () => [...owners.keys()],
    addKey(shopId, apiKey) {
      const shop = shops.get(shopId)
      if (shop === undefined) throw new Error(`The emulator has no shop ${shopId}`)
      owners.set(apiKey, shop)
    },
    removeKey: (apiKey) => void owners.delete(apiKey),
  }

  for (const seed of seeds) {
    if ((seed.environment ?? environment) !== environment) continue
    if (!shops.has(seed.shopId)) shops.set(seed.shopId, openShop(seed))
    book.addKey(seed.shopId, seed.apiKey)
  }
  return book
}

function openShop({ shopId, url }: ShopSeed): Shop {
  const products = demoProducts(url).map((product) => [product.externalId, product] as const)
  return {
    shopId,
    url,
    name: 'Fern & Kettle',
    verificationCode: createHash('sha256').update(`verify:${shopId}`).digest('hex').slice(0, 32),
    isVerified: false,
    products: new Map(products),
    orderIds: new Set(),
    syncs: new Map(),
  }
}
