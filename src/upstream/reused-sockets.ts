import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { errors } from 'undici'
import { createHasUnread } from './unread.ts'

/**
 * Guards kept-alive connections against answers that nobody asked for (threats T6): bytes that lie
 * unread in a socket when a call is about to be written would be taken for that call's answer, and
 * one shopper would get another's.
 *
 * undici gives the event loop one turn before it reuses a socket, which is not enough when the
 * loop is busy: what arrives after the loop has looked is seen too late. So the socket itself is
 * asked, at the moment of writing. A connection with anything to read is dropped and undici sends
 * the call on another one; nothing of it has been written by then.
 *
 * What arrives after the writing cannot be told from the answer in HTTP/1.1; exchanges therefore
 * use connections of their own (docs/decisions/0006-answers-nobody-asked-for.md).
 *
 * @returns stops watching
 */
export function watchReusedSockets(): () => void {
  const used = new WeakSet<Socket>()
  const hasUnread = createHasUnread()
  const look = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket }
    if (!used.has(socket)) {
      used.add(socket)
      return
    }
    const descriptor = descriptorOf(socket)
    if (descriptor === null || !hasUnread(descriptor)) return
    // undici's own word for "not this request's fault": it is sent again on a new connection.
    socket.destroy(new errors.InformationalError('unasked answer'))
  }
  subscribe('undici:client:sendHeaders', look)
  return () => void unsubscribe('undici:client:sendHeaders', look)
}

/** Node keeps it on the handle, without a documented way to it; null on systems that have none. */
function descriptorOf(socket: Socket): number | null {
  const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: number } | null }
  return typeof handle?.fd === 'number' && handle.fd >= 0 ? handle.fd : null
}
