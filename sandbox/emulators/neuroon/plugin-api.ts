/** The plugin API: what a shop's server does with the Shop API key. The checks come before it. */
import { createHash } from 'node:crypto'

import type { Answer, Call } from '../call.ts'
import { isObject, numberIn, readObject, textIn } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Limit } from '../quota.ts'
import type { Route } from '../route.ts'
import type { Product } from './demo-products.ts'
import { isSameDomain } from './origin.ts'
import { InvalidBody, Refusal } from './refusal.ts'
import type { Shop } from './shop.ts'
import { makeWidgetToken } from './widget-token.ts'

export interface PluginCall {
  readonly call: Call
  readonly apiKey: string
  readonly shop: Shop
  readonly params: Readonly<Record<string, string>>
  readonly now: number
}

export interface PluginRoute extends Route {
  /** Routes with the same bucket share one limit. */
  readonly bucket?: string
  readonly limit?: Limit
  answer(visit: PluginCall): Answer
}

const perMinute = (calls: number): Limit => ({ calls, seconds: 60 })
const verifying = { bucket: 'verify', limit: { calls: 5, seconds: 300 } }
const content = { bucket: 'content', limit: perMinute(100) }

const base = '/api/plugin/shops'

export const pluginRoutes: readonly PluginRoute[] = [
  { method: 'POST', path: '/api/shops/:shopId/widget-token', answer: issueToken },
  { method: 'GET', path: `${base}/me`, bucket: 'me', limit: perMinute(60), answer: showShop },
  { method: 'POST', path: `${base}/verify`, ...verifying, answer: verify },
  { method: 'POST', path: `${base}/:shopId/verify`, ...verifying, answer: verify },
  { method: 'DELETE', path: `${base}/:shopId/verify`, ...verifying, answer: unverify },
  {
    method: 'GET',
    path: `${base}/:shopId/verification-data`,
    bucket: 'verification-data',
    limit: perMinute(20),
    answer: showVerification,
  },
  { method: 'POST', path: `${base}/:shopId/products/sync`, ...content, answer: syncProducts },
  { method: 'GET', path: `${base}/:shopId/products`, ...content, answer: listProducts },
  { method: 'GET', path: `${base}/:shopId/products/:externalId`, ...content, answer: showProduct },
  {
    method: 'DELETE',
    path: `${base}/:shopId/products/:externalId`,
    ...content,
    answer: dropProduct,
  },
  { method: 'POST', path: `${base}/:shopId/track/conversion`, ...content, answer: trackConversion },
]

function issueToken({ apiKey, shop, now }: PluginCall): Answer {
  return ok({ token: makeWidgetToken(apiKey, shop.shopId, Math.floor(now / 1000)) })
}

function showShop({ shop }: PluginCall): Answer {
  const { shopId, name, url, isVerified } = shop
  return ok({ shopId, name, url, verified: isVerified, productCount: shop.products.size })
}

function verify({ call, shop }: PluginCall): Answer {
  const domain = textIn(bodyOf(call), 'domain')
  if (domain === null) throw new InvalidBody('domain: must not be blank')
  if (!isSameDomain(domain, shop.url)) {
    throw new Refusal(403, 'The domain is not the registered one', 'DOMAIN_MISMATCH')
  }

  shop.isVerified = true
  const { shopId, verificationCode, name } = shop
  return ok({ shopId, verificationCode, domain: shop.url, name })
}

function unverify({ shop }: PluginCall): Answer {
  shop.isVerified = false
  return { status: 204 }
}

function showVerification({ shop }: PluginCall): Answer {
  const { verificationCode, isVerified } = shop
  const instructions = `Add <meta name="neuroon-verification" content="${verificationCode}"> to the home page.`
  return ok({ verificationCode, instructions, verified: isVerified })
}

function syncProducts({ call, shop }: PluginCall): Answer {
  const idempotencyKey = call.headers['x-idempotency-key']
  const digest = createHash('sha256').update(call.bytes).digest('hex')
  const earlier = idempotencyKey === undefined ? undefined : shop.syncs.get(idempotencyKey)
  if (earlier !== undefined) {
    if (earlier.digest !== digest) throw new Refusal(409, 'The idempotency key was used before')
    return ok(earlier.answer)
  }

  const body = bodyOf(call)
  const products = readProducts(body)
  const isFull = body['syncType'] === 'FULL'
  const sent = new Set(products.map((product) => product.externalId))
  for (const { parentExternalId } of products) {
    if (parentExternalId === undefined || sent.has(parentExternalId)) continue
    if (!isFull && shop.products.has(parentExternalId)) continue
    throw new Refusal(422, `The parent ${parentExternalId} does not exist`)
  }

  const answer = store(shop, products, isFull)
  if (idempotencyKey !== undefined) shop.syncs.set(idempotencyKey, { digest, answer })
  return ok(answer)
}

function store(shop: Shop, products: readonly Product[], isFull: boolean): object {
  const before = new Set(shop.products.keys())
  if (isFull) shop.products.clear()
  for (const product of products) shop.products.set(product.externalId, product)

  const removed = [...before].filter((id) => !shop.products.has(id)).length
  const created = products.filter(({ externalId }) => !before.has(externalId)).length
  return {
    syncType: isFull ? 'FULL' : 'INCREMENTAL',
    received: products.length,
    created,
    updated: products.length - created,
    removed,
  }
}

const MAX_PRODUCTS = 500

function readProducts(body: JsonObject): Product[] {
  const { syncType, products } = body
  if (syncType !== 'FULL' && syncType !== 'INCREMENTAL') {
    throw new InvalidBody('syncType: must be INCREMENTAL or FULL')
  }
  if (!Array.isArray(products)) throw new InvalidBody('products: must not be null')
  if (products.length > MAX_PRODUCTS) {
    throw new InvalidBody(`products: size must be between 0 and ${MAX_PRODUCTS}`)
  }
  return products.map((product: unknown, i) => readProduct(product, `products[${i}]`))
}

function readProduct(value: unknown, where: string): Product {
  if (!isObject(value)) throw new InvalidBody(`${where}: must be an object`)
  const externalId = textIn(value, 'externalId')
  const name = textIn(value, 'name')
  const url = textIn(value, 'url')
  const price = numberIn(value, 'price')
  if (externalId === null) throw new InvalidBody(`${where}.externalId: must not be blank`)
  if (name === null) throw new InvalidBody(`${where}.name: must not be blank`)
  if (url === null) throw new InvalidBody(`${where}.url: must not be blank`)
  if (price === null) throw new InvalidBody(`${where}.price: must be a number`)

  const parentExternalId = textIn(value, 'parentExternalId')
  return {
    externalId,
    name,
    url,
    price,
    description: textIn(value, 'description') ?? '',
    category: textIn(value, 'category') ?? '',
    currency: textIn(value, 'currency') ?? 'EUR',
    imageUrl: textIn(value, 'imageUrl') ?? '',
    inStock: value['inStock'] !== false,
    ...(parentExternalId === null ? {} : { parentExternalId }),
  }
}

function listProducts({ call, shop }: PluginCall): Answer {
  const page = wholeNumber(call, 'page', 0)
  const size = wholeNumber(call, 'size', 20)
  if (size < 1 || size > 100) throw new InvalidBody('size: must be between 1 and 100')

  const products = sorted([...shop.products.values()], call.query.get('sort') ?? 'externalId,asc')
  return ok({
    content: products.slice(page * size, (page + 1) * size),
    page,
    size,
    totalElements: products.length,
    totalPages: Math.ceil(products.length / size),
  })
}

function sorted(products: Product[], sort: string): Product[] {
  const [field = '', direction = 'asc'] = sort.split(',')
  const sign = direction.toLowerCase() === 'desc' ? -1 : 1
  if (field === 'price') return products.sort((a, b) => sign * (a.price - b.price))
  if (field !== 'name' && field !== 'externalId') throw new InvalidBody(`sort: unknown ${field}`)
  return products.sort((a, b) => sign * a[field].localeCompare(b[field]))
}

function wholeNumber(call: Call, name: string, otherwise: number): number {
  const value = call.query.get(name)
  if (value === null) return otherwise
  if (!/^\d{1,6}$/.test(value)) throw new InvalidBody(`${name}: must be a whole number`)
  return Number(value)
}

function showProduct({ shop, params }: PluginCall): Answer {
  const product = shop.products.get(params['externalId'] ?? '')
  if (product === undefined) throw new Refusal(404, 'Product not found')
  return ok(product)
}

function dropProduct({ shop, params }: PluginCall): Answer {
  shop.products.delete(params['externalId'] ?? '')
  return { status: 204 }
}

function trackConversion({ call, shop }: PluginCall): Answer {
  return ok(recordConversion(shop, bodyOf(call)))
}

/** Shared with the widget's own conversion call. An order counts once. */
export function recordConversion(shop: Shop, body: JsonObject): object {
  const orderId = textIn(body, 'orderId')
  const lines = body['conversions']
  if (orderId === null) throw new InvalidBody('orderId: must not be blank')
  if (numberIn(body, 'orderValue') === null) throw new InvalidBody('orderValue: must be a number')
  if (textIn(body, 'currency') === null) throw new InvalidBody('currency: must not be blank')
  if (!Array.isArray(lines) || lines.length === 0) {
    throw new InvalidBody('conversions: must not be empty')
  }
  for (const [i, line] of lines.entries()) checkLine(line, `conversions[${i}]`)

  const isDuplicate = shop.orderIds.has(orderId)
  shop.orderIds.add(orderId)
  return { orderId, tracked: isDuplicate ? 0 : lines.length, duplicate: isDuplicate }
}

function checkLine(line: unknown, where: string): void {
  if (!isObject(line)) throw new InvalidBody(`${where}: must be an object`)
  for (const name of ['productId', 'searchLogId']) {
    if (textIn(line, name) === null) throw new InvalidBody(`${where}.${name}: must not be blank`)
  }
  for (const name of ['quantity', 'lineTotal']) {
    if (numberIn(line, name) === null) throw new InvalidBody(`${where}.${name}: must be a number`)
  }
}

function bodyOf(call: Call): JsonObject {
  const body = readObject(call.bytes)
  if (body === null) throw new InvalidBody('body: must be a JSON object')
  return body
}

function ok(body: object): Answer {
  return { status: 200, body }
}
