/** The platforms that Nector knows customers of; `external` ids carry no prefix (wire facts §2.3). */
export const customerNamespaces = ['shopify', 'woocommerce', 'custom_website', 'external'] as const
export type CustomerNamespace = (typeof customerNamespaces)[number]

const SHOPIFY_GID = /^gid:\/\/shopify\/Customer\/(\d+)$/

/**
 * Any spelling of a customer id → the platform's own ("raw") id, so that one shopper is one
 * shopper everywhere: `gid://shopify/Customer/1`, `shopify-1` and `1` are all `1`.
 */
export function canonicalCustomer(namespace: CustomerNamespace, id: string): string {
  if (namespace === 'external') return id
  const bare = withoutSpelling(namespace, id)
  // One spelling can stand inside another: what comes out has none left, so it stays as it is.
  return bare === id ? id : canonicalCustomer(namespace, bare)
}

/** The platform's own id → the full id that Nector expects: `shopify-1`. */
export function prefixedCustomer(namespace: CustomerNamespace, customer: string): string {
  return namespace === 'external' ? customer : `${namespace}-${customer}`
}

function withoutSpelling(namespace: CustomerNamespace, id: string): string {
  const bare = namespace === 'shopify' ? (SHOPIFY_GID.exec(id)?.[1] ?? id) : id
  const prefix = `${namespace}-`
  return bare.startsWith(prefix) ? bare.slice(prefix.length) : bare
}
