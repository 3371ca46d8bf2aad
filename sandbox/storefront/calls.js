/** Every call that the page makes goes through here, so that the developer strip can show it. */

/** What providers call their credentials, and what their keys look like. */
const credentialHeaders = ['x-shop-api-key', 'x-widget-token', 'x-apikey', 'x-leadtoken']
const keyShape = /\b(?:sk_[0-9a-f]{32}|ak_[0-9a-f]{64})\b/

/** Nobody answered. */
export class Unreachable extends Error {}

const listeners = []
const made = []

/** Calls back with all calls so far, now and after each further one. */
export function watchCalls(listener) {
  listeners.push(listener)
  listener(made)
}

/**
 * Sends one call and reads the answer. Throws `Unreachable` where there is none, and an
 * `AbortError` where the page lost interest.
 *
 * @param {'shop' | 'gateway'} to
 * @param {string} url
 * @param {{ method?: string, bearer?: string | null, json?: object, signal?: AbortSignal }} [how]
 */
export async function send(to, url, how = {}) {
  const { method = 'GET', bearer = null, signal } = how
  const request = { method, headers: headersOf(how), signal, ...bodyOf(how) }
  const sent = [url, request.body ?? '']
  const startedAt = performance.now()
  const record = (status, texts, headers) => {
    const proof = proofOf(to, bearer)
    const time = Math.round(performance.now() - startedAt)
    const isLeak = hasKey([...sent, ...texts], [...Object.entries(request.headers), ...headers])
    made.push({ to, method, path: pathOf(url), proof, status, time, isLeak })
    for (const listener of listeners) listener(made)
  }

  try {
    const answer = await fetch(url, request)
    const text = await answer.text()
    record(answer.status, [text], answer.headers)
    return { status: answer.status, headers: answer.headers, body: parsed(text) }
  } catch (error) {
    if (signal?.aborted) throw error
    record('no answer', [], [])
    throw new Unreachable('There was no answer.', { cause: error })
  }
}

/** The shop's cookie is not for scripts to see; the browser keeps it from every other origin. */
function proofOf(to, bearer) {
  if (to === 'shop') return 'its cookie'
  return bearer === null ? 'none' : 'session'
}

/** @param {{ bearer?: string | null, json?: object }} how */
function headersOf({ bearer = null, json }) {
  return {
    ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
  }
}

function bodyOf({ json }) {
  return json === undefined ? {} : { body: JSON.stringify(json) }
}

function hasKey(texts, headers) {
  return (
    texts.some((text) => keyShape.test(text)) ||
    headers.some(([name, value]) => credentialHeaders.includes(name) || keyShape.test(value))
  )
}

function pathOf(url) {
  const { pathname, search } = new URL(url, location.href)
  return pathname + search
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
