/**
 * Makes an element. Children that are strings become text, whatever they hold: nothing that an
 * API answered is ever read as HTML.
 *
 * @param {string} name
 * @param {Record<string, string | number | boolean | null | ((event: Event) => void)>} [attributes] functions are listeners, `true` stands for an
 *   attribute without a value; null and false are left out
 * @param {...(Node | string | null)} children
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === 'function') made.addEventListener(key, value)
    else made.setAttribute(key, value === true ? '' : String(value))
  }
  made.append(...children.filter((child) => child !== null))
  return made
}

/** @param {string} id */
export function byId(id) {
  return document.getElementById(id)
}

/** Tells people who cannot see the page what has changed on it. */
export function announce(text) {
  byId('announcement').textContent = text
}
