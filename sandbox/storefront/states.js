/** What is shown instead of content: while it loads, and when it cannot be had. */
import { Unreachable } from './calls.js'
import { element } from './elements.js'
import { Refused } from './gateway.js'

export function errorState(error, retry) {
  return element(
    'div',
    { class: 'state', role: 'alert' },
    element('p', { class: 'state-title' }, titleOf(error)),
    element('p', {}, hintOf(error)),
    element('button', { class: 'button', type: 'button', click: retry }, 'Try again'),
  )
}

export function skeleton(className, amount) {
  return element(
    'div',
    { class: className, 'aria-hidden': 'true' },
    ...Array.from({ length: amount }, () => element('div', { class: 'skeleton' })),
  )
}

function titleOf(error) {
  if (error instanceof Unreachable) return 'We cannot be reached right now'
  if (error instanceof Refused && error.status === 429) return 'That was a little fast'
  return 'This is not working right now'
}

function hintOf(error) {
  if (error instanceof Unreachable) return 'Check your connection, or try again in a moment.'
  if (!(error instanceof Refused)) return 'Please try again in a moment.'
  if (error.retryAfter !== null) return `Please try again in ${error.retryAfter} seconds.`
  return error.requestId === null
    ? 'Please try again in a moment.'
    : `Please try again in a moment. If it stays, tell us the number ${error.requestId}.`
}
