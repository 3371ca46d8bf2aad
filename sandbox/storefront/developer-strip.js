/** For developers: every call that the page has made, and that no provider key was in it. */
import { watchCalls } from './calls.js'
import { byId, element } from './elements.js'

const SHOWN = 100

export function createDeveloperStrip() {
  const summary = element('summary', {})
  const rows = element('tbody', {})
  const heads = ['To', 'Call', 'Status', 'Time', 'Proof sent', 'Provider key']
  byId('developer').replaceChildren(
    summary,
    element(
      'div',
      { class: 'calls', tabindex: '0', role: 'region', 'aria-label': 'Calls of this page' },
      element(
        'table',
        {},
        element(
          'thead',
          {},
          element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head))),
        ),
        rows,
      ),
    ),
  )
  watchCalls((calls) => {
    summary.replaceChildren(...sumUp(calls))
    rows.replaceChildren(...calls.slice(-SHOWN).toReversed().map(row))
  })
}

function sumUp(calls) {
  const leaks = calls.filter(({ isLeak }) => isLeak).length
  const amount = `${calls.length} ${calls.length === 1 ? 'call' : 'calls'}`
  return [
    element('span', {}, `Developer · ${amount}`),
    leaks === 0
      ? element('span', { class: 'good' }, 'no provider key in any')
      : element('span', { class: 'bad' }, `a provider key in ${leaks}`),
  ]
}

function row({ to, method, path, status, time, proof, isLeak }) {
  const isGood = typeof status === 'number' && status < 400
  return element(
    'tr',
    {},
    element('td', {}, to),
    element('td', { class: 'path' }, element('b', {}, method), ` ${path}`),
    element('td', { class: isGood ? 'good' : 'bad' }, String(status)),
    element('td', {}, `${time} ms`),
    element('td', { 'data-label': 'proof' }, proof),
    element(
      'td',
      { class: isLeak ? 'bad' : 'good', 'data-label': 'key' },
      isLeak ? 'found!' : 'none',
    ),
  )
}
