/** The demo shop's page: makes the parts and connects them. */
import { createAccount } from './account.js'
import { createAccountMenu } from './account-menu.js'
import { send } from './calls.js'
import { createClub } from './club.js'
import { createDeveloperStrip } from './developer-strip.js'
import { byId } from './elements.js'
import { createGateway } from './gateway.js'
import { pathOf } from './product-card.js'
import { createProductDialog } from './product-dialog.js'
import { createProducts, search } from './products.js'
import { createSearchField } from './search-field.js'
import { errorState } from './states.js'

createDeveloperStrip()
void open()

async function open() {
  try {
    const { status, body } = await send('shop', '/shop.json')
    if (status !== 200) throw new Error('The shop is not open yet.')
    await run(body)
  } catch (error) {
    byId('products').replaceChildren(errorState(error, open))
  }
}

async function run({ gateway: url, shoppers, shopper }) {
  const account = createAccount(show)
  const gateway = createGateway(url, account)
  const openProduct = createProductDialog(gateway)
  const showProducts = createProducts({ gateway, go, openProduct })
  const menu = createAccountMenu({ shoppers, logIn, logOut })
  const showClub = createClub({ gateway, openAccountMenu: menu.open })
  const field = createSearchField({ suggest, search: (query) => go({ query }) })

  function show(id) {
    menu.show(id)
    void showClub(shoppers.find((each) => each.id === id) ?? null)
  }

  async function logIn(id) {
    if (id === account.shopper) return
    await gateway.endSession()
    await account.logIn(id)
  }

  async function logOut() {
    await gateway.endSession()
    await account.logOut()
  }

  async function suggest(typed, signal) {
    const names = new URLSearchParams({ q: typed, limit: '6' })
    return (await gateway.ask(`/api/widget/suggestions?${names}`, { signal })).suggestions
  }

  /** What is searched stands in the address, so that it can be shared and gone back from. */
  function go({ query, category = null }) {
    const names = new URLSearchParams()
    if (query !== '') names.set('q', query)
    if (category !== null) names.set('in', category)
    history.pushState(null, '', names.size === 0 ? '/' : `/?${names}`)
    scrollTo({ top: 0 })
    void showAddress()
  }

  function showAddress() {
    const names = new URLSearchParams(location.search)
    const query = names.get('q')?.trim() ?? ''
    field.show(query)
    document.title = query === '' ? 'Fern & Kettle' : `${query} · Fern & Kettle`
    return showProducts({ query, category: names.get('in') })
  }

  /** The address of a product, opened by itself. */
  async function showLinked() {
    const [, slug] = /^\/products\/([a-z0-9-]+)$/.exec(location.pathname) ?? []
    if (slug === undefined) return
    const query = slug.replaceAll('-', ' ')
    const { products } = await search(gateway, { query, limit: 10 })
    const linked = products.find((product) => pathOf(product) === location.pathname)
    if (linked !== undefined) openProduct(linked)
  }

  addEventListener('popstate', () => void showAddress())
  byId('home-link').addEventListener('click', (event) => {
    event.preventDefault()
    go({ query: '' })
  })
  const shown = showAddress()
  if (shopper !== null) await account.resume().catch(() => {})
  if (account.shopper === null) show(null)
  await shown
  await showLinked().catch(() => {})
}
