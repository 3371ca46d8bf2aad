/** The menu behind the account button: log in as somebody, become somebody else, log out. */
import { announce, byId, element } from './elements.js'

export function createAccountMenu({ shoppers, logIn, logOut }) {
  const button = byId('account-button')
  const menu = byId('account-menu')

  async function run(action, done) {
    menu.setAttribute('aria-busy', 'true')
    try {
      await action()
      menu.hidePopover()
      announce(done)
    } catch {
      byId('account-error').textContent = 'That did not work. Please try again.'
    } finally {
      menu.removeAttribute('aria-busy')
    }
  }

  function choice({ id, name, note }, current) {
    const isCurrent = id === current
    return element(
      'li',
      {},
      element(
        'button',
        {
          class: 'choice',
          type: 'button',
          'aria-current': isCurrent ? 'true' : null,
          click: () => void run(() => logIn(id), `You are logged in as ${name}`),
        },
        avatar(name),
        element('span', {}, element('strong', {}, name), element('small', {}, note)),
        isCurrent ? element('span', { class: 'tick', 'aria-hidden': 'true' }, '✓') : null,
      ),
    )
  }

  return {
    open: () => menu.showPopover(),

    /** @param {string | null} current the shopper's id */
    show(current) {
      const shopper = shoppers.find(({ id }) => id === current) ?? null
      const out = () => void run(logOut, 'You are logged out')
      button.disabled = false
      button.replaceChildren(
        ...(shopper === null
          ? ['Log in']
          : [avatar(shopper.name), element('span', { class: 'account-name' }, shopper.name)]),
      )
      menu.replaceChildren(
        element('h2', {}, shopper === null ? 'Log in as' : 'Switch shopper'),
        element('ul', {}, ...shoppers.map((each) => choice(each, current))),
        element('p', { class: 'error', id: 'account-error', role: 'alert' }),
        shopper === null
          ? element('p', { class: 'hint' }, 'A demo asks for no password.')
          : element('button', { class: 'button wide', type: 'button', click: out }, 'Log out'),
      )
    },
  }
}

function avatar(name) {
  const initials = name.split(' ').map((word) => word.slice(0, 1))
  return element('span', { class: 'avatar', 'aria-hidden': 'true' }, initials.join(''))
}
