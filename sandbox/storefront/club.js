/** The loyalty panel: what the club is, or the logged-in shopper's part in it. */
import { byId, element } from './elements.js'
import { formatCoins, formatDay } from './formats.js'
import { Refused } from './gateway.js'
import { errorState, skeleton } from './states.js'

const merchant = '/nector/api/v2/merchant'
const FIRST = 4
const ALL = 50

export function createClub({ gateway, openAccountMenu }) {
  const place = byId('club')
  let shown = new AbortController()

  async function show(render) {
    shown.abort()
    shown = new AbortController()
    const { signal } = shown
    place.setAttribute('aria-busy', 'true')
    place.replaceChildren(title(), skeleton('lines', 4))
    const content = await render(signal).catch((error) => [
      title(),
      errorState(error, () => show(render)),
    ])
    if (signal.aborted) return
    place.replaceChildren(...content)
    nameLink()
    place.removeAttribute('aria-busy')
  }

  async function forGuest(signal) {
    return [
      title(),
      element('p', {}, 'Collect leaves with every order and turn them into rewards.'),
      await waysToEarn(gateway, signal),
      element(
        'button',
        { class: 'button wide', type: 'button', click: openAccountMenu },
        'Log in to see yours',
      ),
    ]
  }

  async function forShopper(shopper, signal) {
    const lead = await leadOf(gateway, signal)
    if (lead === null) return notEnrolled(shopper, signal)
    const [offers, transactions, coupons] = await Promise.all([
      gateway.ask(`${merchant}/aggreegatedoffers`, { signal }),
      gateway.askAsShopper(`${merchant}/wallettransactions?limit=${FIRST}`, { signal }),
      gateway.askAsShopper(`${merchant}/coupons?limit=3`, { signal }),
    ])
    return [
      title(),
      balance(lead),
      nextReward(lead, offers.data.items),
      history(gateway, transactions.data),
      couponList(coupons.data.items),
    ]
  }

  async function notEnrolled(shopper, signal) {
    return [
      title(),
      element('p', { class: 'state-title' }, `You are not in the club yet, ${firstName(shopper)}`),
      element('p', {}, 'It is free. Members collect leaves, for example like this:'),
      await waysToEarn(gateway, signal),
      element('p', { class: 'hint' }, 'Your first order makes you a member.'),
    ]
  }

  return (shopper) =>
    show((signal) => (shopper === null ? forGuest(signal) : forShopper(shopper, signal)))
}

/** Where the panel is further down, the way to it says what is in it. */
function nameLink() {
  const amount = byId('balance')?.textContent
  byId('club-link').textContent =
    amount === undefined ? 'Fern Club' : `Fern Club · ${amount} leaves`
}

function title() {
  return element('h2', { id: 'club-title' }, 'Fern Club')
}

function firstName({ name }) {
  return name.split(' ', 1)[0]
}

/** Null for a shopper whom the programme does not know. */
async function leadOf(gateway, signal) {
  try {
    const answer = await gateway.askAsShopper(`${merchant}/leads/me`, { signal })
    return answer.data.item
  } catch (error) {
    if (error instanceof Refused && error.code === 'tokens/customer-unknown') return null
    throw error
  }
}

function balance({ name, tier, available }) {
  return element(
    'div',
    { class: 'balance' },
    element('p', { class: 'member' }, name, element('span', { class: 'tier' }, `${tier} tier`)),
    element(
      'p',
      { class: 'amount' },
      element('strong', { id: 'balance' }, formatCoins(available)),
      ' leaves',
    ),
  )
}

/** The cheapest offer that is still out of reach, or the dearest that is not. */
function nextReward({ available }, offers) {
  const coins = Number(available)
  const byCost = offers.toSorted((one, other) => one.coin_amount - other.coin_amount)
  const next = byCost.find(({ coin_amount }) => coin_amount > coins)
  if (next === undefined) {
    return element('p', { class: 'reward' }, 'You have enough leaves for every reward.')
  }
  const missing = formatCoins(next.coin_amount - coins)
  return element(
    'div',
    { class: 'reward' },
    element('p', { id: 'reward-text' }, `${missing} more for “${next.name}”`),
    element('progress', { max: next.coin_amount, value: coins, 'aria-labelledby': 'reward-text' }),
  )
}

function history(gateway, { items, count }) {
  const list = element('ul', { class: 'entries' }, ...items.map(transaction))
  const more = element('button', { class: 'link', type: 'button' }, `Show all ${count}`)
  const showAll = async () => {
    more.disabled = true
    try {
      const answer = await gateway.askAsShopper(`${merchant}/wallettransactions?limit=${ALL}`)
      list.replaceChildren(...answer.data.items.map(transaction))
      more.remove()
    } catch {
      more.disabled = false
      more.textContent = 'Not available right now. Try again'
    }
  }
  more.addEventListener('click', () => void showAll())
  return element(
    'section',
    { 'aria-labelledby': 'history-title' },
    element('h3', { id: 'history-title' }, 'Lately'),
    items.length === 0 ? element('p', { class: 'hint' }, 'Nothing yet.') : list,
    count > items.length ? more : null,
  )
}

function transaction({ title, operation, amount, created_at }) {
  const isSpent = operation === 'dr'
  return element(
    'li',
    {},
    element('span', { class: 'entry-title' }, title),
    element('time', { datetime: created_at }, formatDay(created_at)),
    element(
      'span',
      { class: isSpent ? 'entry-amount spent' : 'entry-amount' },
      `${isSpent ? '−' : '+'}${formatCoins(amount)}`,
    ),
  )
}

function couponList(coupons) {
  const open = coupons.filter(({ is_used }) => !is_used)
  if (open.length === 0) return null
  return element(
    'section',
    { 'aria-labelledby': 'coupons-title' },
    element('h3', { id: 'coupons-title' }, 'Your coupons'),
    element(
      'ul',
      { class: 'entries' },
      ...open.map(({ name, value }) =>
        element(
          'li',
          {},
          element('span', { class: 'entry-title' }, name),
          element('code', { class: 'coupon' }, value),
        ),
      ),
    ),
  )
}

/** The same for everybody. */
async function waysToEarn(gateway, signal) {
  const answer = await gateway.ask(`${merchant}/triggers?limit=4&sort_op=ASC`, { signal })
  return element(
    'ul',
    { class: 'entries' },
    ...answer.data.items.map(({ name, coins }) =>
      element(
        'li',
        {},
        element('span', { class: 'entry-title' }, name),
        element('span', { class: 'entry-amount' }, `+${formatCoins(coins)}`),
      ),
    ),
  )
}
