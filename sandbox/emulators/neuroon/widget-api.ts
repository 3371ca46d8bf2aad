/** The widget API: what a shopper's browser does with the widget token. The checks come before it. */
import { createHash, randomUUID } from 'node:crypto'

import type { Answer, Call } from '../call.ts'
import { isObject, numberIn, readObject, textIn } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Route } from '../route.ts'
import { trendingQueries } from './demo-products.ts'
import type { Product } from './demo-products.ts'
import { recordConversion } from './plugin-api.ts'
import { InvalidBody, Refusal } from './refusal.ts'
import { search, suggest } from './search.ts'
import type { Filters } from './search.ts'
import type { Shop } from './shop.ts'

export interface WidgetCall {
  readonly call: Call
  readonly shop: Shop
}

export interface WidgetRoute extends Route {
  readonly bucket: string
  readonly callsPerMinute: number
  answer(visit: WidgetCall): Answer
}

export const widgetRoutes: readonly WidgetRoute[] = [
  route('GET', 'search', 200, searchByQuery),
  route('POST', 'search', 200, searchByBody),
  route('POST', 'search/audio', 200, searchByVoice),
  route('POST', 'search/visual', 200, searchByPicture),
  route('GET', 'suggestions', 300, listSuggestions),
  route('GET', 'suggest', 100, suggestOne),
  route('GET', 'trending', 100, listTrending),
  route('GET', 'compare', 10, compare),
  route('POST', 'cart/cross-sell', 100, crossSell),
  route('POST', 'track/click', 100, trackClick),
  route('POST', 'track/conversion', 100, trackConversion),
  route('POST', 'analytics/event', 500, () => ok({ accepted: 1 })),
  route('POST', 'analytics/events', 500, trackEvents),
]

function route(
  method: string,
  name: string,
  callsPerMinute: number,
  answer: (visit: WidgetCall) => Answer,
): WidgetRoute {
  return { method, path: `/api/widget/${name}`, bucket: name, callsPerMinute, answer }
}

function searchByQuery({ call, shop }: WidgetCall): Answer {
  const query = call.query.get('q') ?? ''
  if (query.trim() === '') throw new InvalidBody('q: must not be blank')
  return found(shop, query, wholeNumber(call.query.get('limit'), 'limit', 10, 50))
}

function searchByBody({ call, shop }: WidgetCall): Answer {
  const body = bodyOf(call)
  const query = textIn(body, 'query')
  if (query === null) throw new InvalidBody('query: must not be blank')
  const limit = body['limit'] === undefined ? 10 : numberIn(body, 'limit')
  return found(shop, query, within(limit, 'limit', 50), readFilters(body))
}

// There is nothing here that understands sounds or pictures. The same upload always finds the same.
function searchByVoice({ call, shop }: WidgetCall): Answer {
  return found(shop, trendingFor(uploadOf(call, 10)), 10)
}

function searchByPicture({ call, shop }: WidgetCall): Answer {
  return found(shop, trendingFor(uploadOf(call, 5)), 10)
}

function trendingFor(bytes: Buffer): string {
  const first = createHash('sha256').update(bytes).digest()[0] ?? 0
  return trendingQueries[first % trendingQueries.length] ?? 'coffee'
}

function uploadOf(call: Call, megabytes: number): Buffer {
  if (!(call.headers['content-type'] ?? '').startsWith('multipart/form-data')) {
    throw new Refusal(415, 'The upload has to be multipart/form-data')
  }
  if (call.bytes.length === 0) throw new InvalidBody('file: must not be empty')
  // The limit is the file's; around it a multipart body has a little of its own.
  if (call.bytes.length > megabytes * 1024 * 1024 + 4096) {
    throw new Refusal(413, `The file is larger than ${megabytes} MB`)
  }
  return call.bytes
}

function found(shop: Shop, query: string, limit: number, filters: Filters = {}): Answer {
  const hits = search(shop.products.values(), query, filters)
  return ok({
    searchLogId: `sl_${randomUUID()}`,
    query,
    total: hits.length,
    products: hits.slice(0, limit).map(({ product, score }) => ({ ...product, score })),
  })
}

function readFilters(body: JsonObject): Filters {
  const filters = body['filters']
  if (!isObject(filters)) return {}
  const category = textIn(filters, 'category')
  const minPrice = numberIn(filters, 'minPrice')
  const maxPrice = numberIn(filters, 'maxPrice')
  return {
    ...(category === null ? {} : { category }),
    ...(minPrice === null ? {} : { minPrice }),
    ...(maxPrice === null ? {} : { maxPrice }),
  }
}

function listSuggestions({ call, shop }: WidgetCall): Answer {
  const limit = wholeNumber(call.query.get('limit'), 'limit', 5, 20)
  const query = call.query.get('q') ?? ''
  return ok({ query, suggestions: suggest(shop.products.values(), query, limit) })
}

function suggestOne({ call, shop }: WidgetCall): Answer {
  const query = call.query.get('q') ?? ''
  return ok({ query, suggestion: suggest(shop.products.values(), query, 1)[0] ?? null })
}

function listTrending({ call }: WidgetCall): Answer {
  const limit = wholeNumber(call.query.get('limit'), 'limit', 5, 10)
  return ok({ queries: trendingQueries.slice(0, limit) })
}

function compare({ call, shop }: WidgetCall): Answer {
  const ids = (call.query.get('productIds') ?? '').split(',').filter((id) => id !== '')
  if (ids.length === 0 || ids.length > 4) throw new InvalidBody('productIds: between 1 and 4')
  const products = ids.map((id) => shop.products.get(id))
  if (products.includes(undefined)) throw new Refusal(404, 'Product not found')
  return ok({ products })
}

function crossSell({ call, shop }: WidgetCall): Answer {
  const body = bodyOf(call)
  const ids: unknown = body['productIds']
  if (!Array.isArray(ids)) throw new InvalidBody('productIds: must not be null')

  const inCart = ids.map((id: unknown) => shop.products.get(String(id)))
  const products = companions(
    shop,
    inCart.filter((product) => product !== undefined),
  )
  if (products.length === 0) return { status: 204 }
  const language = textIn(body, 'language') ?? languageOf(call)
  return ok({ message: messages.get(language) ?? 'Goes well with your cart', products })
}

const messages: ReadonlyMap<string, string> = new Map([
  ['de', 'Passt gut dazu'],
  ['es', 'Combina bien con tu carrito'],
  ['fr', 'Va bien avec votre panier'],
])

/** Up to three others from the categories that are in the cart. */
function companions(shop: Shop, inCart: readonly Product[]): Product[] {
  const categories = new Set(inCart.map((product) => product.category))
  return [...shop.products.values()]
    .filter((product) => categories.has(product.category) && !inCart.includes(product))
    .slice(0, 3)
}

function trackClick({ call }: WidgetCall): Answer {
  const body = bodyOf(call)
  if (textIn(body, 'searchLogId') === null) throw new InvalidBody('searchLogId: must not be blank')
  if (textIn(body, 'productId') === null) throw new InvalidBody('productId: must not be blank')
  return ok({ tracked: true })
}

function trackConversion({ call, shop }: WidgetCall): Answer {
  return ok(recordConversion(shop, bodyOf(call)))
}

function trackEvents({ call }: WidgetCall): Answer {
  const events: unknown = bodyOf(call)['events']
  if (!Array.isArray(events)) throw new InvalidBody('events: must not be null')
  return ok({ accepted: events.length })
}

/** The first language the caller asks for, without its region. */
export function languageOf(call: Call): string {
  const [first = ''] = (call.headers['accept-language'] ?? '').split(/[,;-]/, 1)
  return /^[a-z]{2}$/i.test(first) ? first.toLowerCase() : 'en'
}

function wholeNumber(value: string | null, name: string, otherwise: number, max: number): number {
  if (value === null) return otherwise
  return within(/^\d{1,6}$/.test(value) ? Number(value) : null, name, max)
}

function within(number: number | null, name: string, max: number): number {
  if (number !== null && Number.isInteger(number) && number >= 1 && number <= max) return number
  throw new InvalidBody(`${name}: must be a whole number between 1 and ${max}`)
}

function bodyOf(call: Call): JsonObject {
  const body = readObject(call.bytes)
  if (body === null) throw new InvalidBody('body: must be a JSON object')
  return body
}

function ok(body: object): Answer {
  return { status: 200, body }
}
