import { SHOP_ID } from './config.ts'
import { demoProducts } from './emulators/neuroon/demo-products.ts'

export interface CatalogueSync {
  readonly gatewayUrl: string
  /** A service key with the scope `neuroon:plugin`. */
  readonly serviceKey: string
  readonly shopUrl: string
}

/**
 * Sends the demo shop's products to the search, as its plugin would: through the gateway. The
 * pictures are the shop's own, which need no emoji font.
 */
export async function syncCatalogue({
  gatewayUrl,
  serviceKey,
  shopUrl,
}: CatalogueSync): Promise<void> {
  const products = demoProducts(shopUrl).map((product) => ({
    ...product,
    imageUrl: `${shopUrl}/pictures/${product.externalId}.svg`,
  }))
  const answer = await fetch(`${gatewayUrl}/neuroon/api/plugin/shops/${SHOP_ID}/products/sync`, {
    method: 'POST',
    headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ syncType: 'FULL', products }),
  })
  if (!answer.ok) throw new Error(`the products could not be synchronized (${answer.status})`)
}
