/** Calls to the gateway, cross-origin, exactly as a real storefront makes them. */
import { send } from './calls.js'

/** The gateway or the provider behind it has refused; `code` is set where it was the gateway. */
export class Refused extends Error {
  constructor({ status, headers, body }) {
    super(body?.detail ?? 'The call was refused.')
    this.status = status
    this.code = typeof body?.code === 'string' ? body.code : null
    this.requestId = headers.get('x-request-id')
    this.retryAfter = Number(headers.get('retry-after')) || null
  }
}

export function createGateway(url, account) {
  return {
    /** For everybody: without a session, whoever is logged in. */
    async ask(path, options) {
      return bodyOf(await send('gateway', url + path, options))
    },

    /** For the shopper who is logged in. A refused session is replaced, once. */
    async askAsShopper(path, options) {
      const bearer = await account.token()
      const first = await send('gateway', url + path, { ...options, bearer })
      if (first.status !== 401 || bearer === null) return bodyOf(first)
      const other = await account.replace(bearer)
      if (other === null) return bodyOf(first)
      return bodyOf(await send('gateway', url + path, { ...options, bearer: other }))
    },

    /** Ends the session early; what cannot be ended expires by itself. */
    async endSession() {
      const { bearer } = account
      if (bearer === null) return
      await send('gateway', `${url}/session`, { method: 'DELETE', bearer }).catch(() => {})
    },
  }
}

function bodyOf(answer) {
  if (answer.status >= 200 && answer.status < 300) return answer.body
  throw new Refused(answer)
}
