/** The search field with its suggestions: the combobox pattern of the ARIA practices. */
import { byId, element } from './elements.js'

const PAUSE = 140

export function createSearchField({ suggest, search }) {
  const field = byId('query')
  const list = byId('suggestions')
  let active = -1
  let timer
  let asked = new AbortController()

  byId('search').addEventListener('submit', (event) => {
    event.preventDefault()
    submit(field.value)
  })
  field.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(() => void offer(), PAUSE)
  })
  field.addEventListener('keydown', onKey)
  field.addEventListener('blur', close)

  /** The last answer counts: an older question is dropped when a newer one is asked. */
  async function offer() {
    asked.abort()
    asked = new AbortController()
    const typed = field.value.trim()
    if (typed.length < 2) return close()
    const { signal } = asked
    const suggestions = await suggest(typed, signal).catch(() => [])
    if (signal.aborted || document.activeElement !== field) return
    open(suggestions)
  }

  function open(suggestions) {
    active = -1
    field.removeAttribute('aria-activedescendant')
    list.replaceChildren(...suggestions.map(option))
    list.hidden = suggestions.length === 0
    field.setAttribute('aria-expanded', String(!list.hidden))
  }

  function close() {
    clearTimeout(timer)
    asked.abort()
    open([])
  }

  function option(text, position) {
    // On mousedown: a click would come after the field has lost its focus.
    const choose = (event) => {
      event.preventDefault()
      submit(text)
    }
    const attributes = { role: 'option', id: `suggestion-${position}`, 'aria-selected': 'false' }
    return element('li', { ...attributes, mousedown: choose }, text)
  }

  function onKey(event) {
    const options = [...list.children]
    if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault()
      return close()
    }
    if (event.key === 'Enter' && active >= 0) {
      event.preventDefault()
      return submit(options[active].textContent)
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined || options.length === 0) return
    event.preventDefault()
    // One place more than there are options: the field itself.
    active = ((active + 1 + step + options.length + 1) % (options.length + 1)) - 1
    for (const [position, each] of options.entries()) {
      each.setAttribute('aria-selected', String(position === active))
    }
    if (active < 0) field.removeAttribute('aria-activedescendant')
    else field.setAttribute('aria-activedescendant', options[active].id)
  }

  function submit(text) {
    field.value = text.trim()
    close()
    search(field.value)
  }

  return {
    show(query) {
      field.value = query
    },
  }
}
