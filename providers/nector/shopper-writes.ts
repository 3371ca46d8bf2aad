/** What a storefront may open to its shoppers under `allow`, as it is written there. */
export const shopperWrites = [
  'POST /activities',
  'POST /offerredeems',
  'POST /publicofferredeems',
  'PUT /leads/me',
  'POST /reviews',
  'POST /qnas',
] as const

export type ShopperWrite = (typeof shopperWrites)[number]
