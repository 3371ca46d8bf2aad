import type { Product } from './demo-products.ts'

export interface Filters {
  readonly category?: string
  readonly minPrice?: number
  readonly maxPrice?: number
}

export interface Hit {
  readonly product: Product
  readonly score: number
}

/** Products in which every word of the query begins some word; the name counts most. */
export function search(products: Iterable<Product>, query: string, filters: Filters = {}): Hit[] {
  const words = wordsOf(query)
  if (words.length === 0) return []

  const hits: Hit[] = []
  for (const product of products) {
    if (!passes(product, filters)) continue
    const scores = words.map((word) => scoreOf(product, word))
    if (scores.every((score) => score > 0)) hits.push({ product, score: total(scores) })
  }
  return hits.sort((a, b) => b.score - a.score || a.product.name.localeCompare(b.product.name))
}

/** Searches that would find something, as the shopper types. */
export function suggest(products: Iterable<Product>, typed: string, limit: number): string[] {
  return search(products, typed)
    .slice(0, limit)
    .map((hit) => hit.product.name)
}

function scoreOf(product: Product, word: string): number {
  if (begins(product.name, word)) return 4
  if (begins(product.category, word)) return 2
  return begins(product.description, word) ? 1 : 0
}

function begins(text: string, word: string): boolean {
  return wordsOf(text).some((candidate) => candidate.startsWith(word))
}

/** Lower case, without accents and without the plural s, so that “mugs” finds the mug. */
function wordsOf(text: string): string[] {
  return text
    .normalize('NFD')
    .replaceAll(/\p{Diacritic}/gu, '')
    .toLowerCase()
    .split(/[^\p{Letter}\p{Number}]+/u)
    .filter((word) => word !== '')
    .map((word) => (word.length > 3 ? word.replace(/s$/, '') : word))
}

function passes(product: Product, { category, minPrice, maxPrice }: Filters): boolean {
  if (category !== undefined && product.category.toLowerCase() !== category.toLowerCase())
    return false
  if (minPrice !== undefined && product.price < minPrice) return false
  return maxPrice === undefined || product.price <= maxPrice
}

function total(scores: readonly number[]): number {
  return scores.reduce((sum, score) => sum + score, 0)
}
