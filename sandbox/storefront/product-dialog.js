/** One product in full, with what others say about it. */
import { byId, element } from './elements.js'
import { formatDay } from './formats.js'
import { picture, price } from './product-card.js'

export function createProductDialog(gateway) {
  const dialog = byId('product')
  // A click beside it meets the dialog itself, one inside meets its content.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })

  return (product) => {
    const reviews = element('div', { class: 'reviews' })
    dialog.replaceChildren(content(product, reviews, () => dialog.close()))
    dialog.showModal()
    void showReviews(gateway, product, reviews)
  }
}

function content(product, reviews, close) {
  return element(
    'article',
    {},
    element('button', { class: 'close', type: 'button', 'aria-label': 'Close', click: close }, '×'),
    picture(product),
    element(
      'div',
      { class: 'product-text' },
      element('p', { class: 'category' }, product.category),
      element('h2', { id: 'product-name' }, product.name),
      price(product),
      element('p', {}, product.description),
      reviews,
      element('p', { class: 'hint' }, 'This is a demo shop: nothing in it is for sale.'),
    ),
  )
}

/** The same for everybody, so it is asked without a session. Without reviews nothing is missing. */
async function showReviews(gateway, { externalId }, place) {
  const query = new URLSearchParams({ reference_product_id: externalId, limit: '3' })
  const answer = await gateway.ask(`/nector/api/v2/merchant/reviews?${query}`).catch(() => null)
  place.replaceChildren(...(answer?.data?.items ?? []).map(review))
}

function review({ title, description, name, rating, created_at }) {
  return element(
    'figure',
    {},
    element(
      'p',
      { class: 'stars', role: 'img', 'aria-label': `${rating} of 5 stars` },
      '★'.repeat(rating) + '☆'.repeat(5 - rating),
    ),
    element('blockquote', {}, element('strong', {}, title), ` ${description}`),
    element('figcaption', {}, `${name}, ${formatDay(created_at)}`),
  )
}
