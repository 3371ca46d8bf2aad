/** The products in the middle of the page: the shop window, or what a search has found. */
import { announce, byId, element } from './elements.js'
import { productCard } from './product-card.js'
import { errorState, skeleton } from './states.js'

export const categories = ['Outdoor', 'Coffee', 'Home']

export function createProducts({ gateway, go, openProduct }) {
  const place = byId('products')
  let shown = new AbortController()

  /** Shows `render`'s outcome, unless something else has been asked for meanwhile. */
  async function show(loading, render) {
    shown.abort()
    shown = new AbortController()
    const { signal } = shown
    place.setAttribute('aria-busy', 'true')
    if (loading !== null) place.replaceChildren(...loading)
    try {
      const content = await render(signal)
      if (!signal.aborted) place.replaceChildren(...content)
    } catch (error) {
      if (signal.aborted) return
      place.replaceChildren(errorState(error, () => show(loading, render)))
    }
    if (!signal.aborted) place.removeAttribute('aria-busy')
  }

  function track(searchLogId, product) {
    const json = { searchLogId, productId: product.externalId }
    gateway.ask('/api/widget/track/click', { method: 'POST', json }).catch(() => {})
  }

  function grid({ products, searchLogId }) {
    const open = (product) => {
      track(searchLogId, product)
      openProduct(product)
    }
    return element(
      'ul',
      { class: 'grid' },
      ...products.map((product) => productCard(product, open)),
    )
  }

  async function shopWindow(signal) {
    const [trending, ...found] = await Promise.all([
      trendingQueries(gateway, signal),
      ...categories.map((category) =>
        search(gateway, { query: category, category, limit: 4, signal }),
      ),
    ])
    announce('')
    return [
      element(
        'section',
        { class: 'hero' },
        element('h1', {}, 'For the trail, the kettle and the room you come home to'),
        chips('Trending', trending, (query) => go({ query })),
      ),
      ...found.map((answer, position) => {
        const category = categories[position]
        const all = () => go({ query: category, category })
        return element(
          'section',
          { class: 'shelf', 'aria-label': category },
          element(
            'div',
            { class: 'shelf-head' },
            element('h2', {}, category),
            element(
              'button',
              { class: 'link', type: 'button', click: all },
              'See all',
              element('span', { class: 'unseen' }, ` in ${category}`),
            ),
          ),
          grid(answer),
        )
      }),
    ]
  }

  async function results({ query, category }, signal) {
    const answer = await search(gateway, { query, category, limit: 48, signal })
    const amount = answer.products.length
    const title = `${amount} ${amount === 1 ? 'result' : 'results'} for “${query}”`
    announce(amount === 0 ? `Nothing found for “${query}”` : title)
    if (amount === 0) return nothingFound({ query, category }, signal)
    return [
      element('h1', { class: 'results-title' }, title),
      filters({ query, category }),
      grid(answer),
    ]
  }

  async function nothingFound({ query, category }, signal) {
    const trending = await trendingQueries(gateway, signal)
    return [
      element(
        'div',
        { class: 'state' },
        element('img', { src: '/pictures/fk-308.svg', alt: '', width: 160, height: 120 }),
        element('h1', { class: 'state-title' }, `Nothing found for “${query}”`),
        element('p', {}, 'Check the spelling, or try a simpler word.'),
        category === null ? null : filters({ query, category }),
        chips('Others search for', trending, (query) => go({ query })),
      ),
    ]
  }

  function filters({ query, category }) {
    const choices = [['All', null], ...categories.map((name) => [name, name])]
    return element(
      'div',
      { class: 'chips', role: 'group', 'aria-label': 'Category' },
      ...choices.map(([label, value]) =>
        element(
          'button',
          {
            class: 'chip',
            type: 'button',
            'aria-pressed': String(value === category),
            click: () => go({ query, category: value }),
          },
          label,
        ),
      ),
    )
  }

  return ({ query, category }) => {
    const isFirst = place.childElementCount === 0
    const loading = isFirst ? [skeleton('grid skeletons', 8)] : null
    return query === ''
      ? show(loading, shopWindow)
      : show(loading, (signal) => results({ query, category }, signal))
  }
}

/** The widget API takes a query alone by GET, and filters by POST. */
export function search(gateway, { query, category = null, limit, signal }) {
  if (category === null) {
    const names = new URLSearchParams({ q: query, limit: String(limit) })
    return gateway.ask(`/api/widget/search?${names}`, { signal })
  }
  const json = { query, limit, filters: { category } }
  return gateway.ask('/api/widget/search', { method: 'POST', json, signal })
}

/** Only an offer: without it the page is whole. */
async function trendingQueries(gateway, signal) {
  const answer = await gateway.ask('/api/widget/trending?limit=6', { signal }).catch(() => null)
  return answer?.queries ?? []
}

function chips(label, texts, choose) {
  if (texts.length === 0) return null
  return element(
    'div',
    { class: 'chips', role: 'group', 'aria-label': label },
    element('span', { class: 'chips-label', 'aria-hidden': 'true' }, label),
    ...texts.map((text) =>
      element('button', { class: 'chip', type: 'button', click: () => choose(text) }, text),
    ),
  )
}
