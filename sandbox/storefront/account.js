/**
 * Who is logged in at the shop, and their session at the gateway. The shop's backend gives the
 * session to the page; it is kept in memory alone, and a reload asks for it again.
 */
import { send } from './calls.js'

const MINUTE = 60_000

/** @param {(shopperId: string | null) => void} onChange called whenever somebody else is logged in */
export function createAccount(onChange) {
  let shopper = null
  let session = null
  let renewal = null
  let timer

  function become(next, nextSession) {
    const isSomebodyElse = next !== shopper
    shopper = next
    session = nextSession
    clearTimeout(timer)
    if (session !== null) timer = setTimeout(renewQuietly, untilRenewal())
    if (isSomebodyElse) onChange(shopper)
  }

  /** Five minutes before the end, or with a fifth of a short life left. */
  function untilRenewal() {
    return left() - Math.min(5 * MINUTE, left() / 5)
  }

  function left() {
    return session === null ? 0 : Date.parse(session.expiresAt) - Date.now()
  }

  /** A failure is not shown: the session still holds, and the next call tries again. */
  function renewQuietly() {
    renew().catch(() => {})
  }

  /** One call, however many wait for it. Rejects where the shop does not answer. */
  function renew() {
    renewal ??= askForSession().finally(() => (renewal = null))
    return renewal
  }

  async function askForSession() {
    const asked = shopper
    const { status, body } = await send('shop', '/account/session', { method: 'POST' })
    // Meanwhile somebody has logged in or out: that answer is the newer one.
    if (asked !== shopper) return
    if (status === 200) become(body.shopper, body.session)
    else if (status === 401) become(null, null)
    else throw new Error('The shop gives no session.')
  }

  return {
    get shopper() {
      return shopper
    },

    /** The token as it is, even where it is about to end. */
    get bearer() {
      return session?.token ?? null
    },

    /** Takes up the log-in that an earlier page has left at the shop. */
    async resume() {
      await renew()
    },

    /** A session that will hold for this call; null when nobody is logged in. */
    async token() {
      if (shopper !== null && left() < MINUTE) await renew()
      return session?.token ?? null
    },

    /** The gateway has refused the token: asks the shop for another one. */
    async replace(refused) {
      if (session?.token === refused) await renew()
      return session?.token ?? null
    },

    async logIn(id) {
      const json = { shopper: id }
      const { status, body } = await send('shop', '/account/login', { method: 'POST', json })
      if (status !== 200) throw new Error('The shop could not log in.')
      become(body.shopper, body.session)
    },

    async logOut() {
      await send('shop', '/account/logout', { method: 'POST' })
      become(null, null)
    },
  }
}
