import { element } from './elements.js'
import { formatPrice } from './formats.js'

/** One product of a grid. Its link works in a new tab too; a plain click opens it here. */
export function productCard(product, open) {
  const onClick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    open(product)
  }
  return element(
    'li',
    { class: 'card' },
    picture(product),
    element(
      'div',
      { class: 'card-text' },
      element('p', { class: 'category' }, product.category),
      element('h3', {}, element('a', { href: pathOf(product), click: onClick }, product.name)),
      price(product),
    ),
  )
}

/** Decorative: the name stands beside it. */
export function picture({ imageUrl }) {
  const isPicture = /^(?:https?:|data:image\/)/.test(imageUrl ?? '')
  return element('img', {
    class: 'picture',
    src: isPicture ? imageUrl : '/icon.svg',
    alt: '',
    width: 320,
    height: 240,
    loading: 'lazy',
  })
}

export function price({ price, currency, inStock }) {
  return element(
    'p',
    { class: 'price' },
    formatPrice(price, currency ?? 'EUR'),
    inStock === false ? element('span', { class: 'sold-out' }, 'Sold out') : null,
  )
}

export function pathOf({ url }) {
  return URL.parse(url)?.pathname ?? '/'
}
