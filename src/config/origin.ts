import { z } from 'zod'
import { hostName, isLoopback } from './host.ts'

/** A page's origin exactly as a browser or web view sends it, so that it can be compared as text. */
export const originSchema = z.string().superRefine((origin, context) => {
  const message = objectionTo(origin)
  if (message !== null) context.addIssue({ code: 'custom', message })
})

const form = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\s\\]+)$/
/** Schemes whose pages send `null`, or which are no page's at all. */
const originless = new Set(['file', 'data', 'blob', 'javascript', 'about', 'ws', 'wss', 'ftp'])

function objectionTo(origin: string): string | null {
  if (origin === 'null') return 'may not be null: every sandboxed page and local file sends that'
  if (origin.includes('*')) return 'takes no wildcard: list each origin'
  const scheme = form.exec(origin)?.[1]
  const url = URL.parse(origin)
  if (scheme === undefined || url === null || originless.has(scheme)) return mustBeExact
  if (origin !== `${url.protocol}//${url.host}`) return mustBeExact
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!hostName.test(host) && !url.hostname.startsWith('[')) return mustBeExact
  if (scheme !== 'http' || isLoopback(host) || host.endsWith('.localhost')) return null
  return 'must use https: plain http is for loopback only'
}

const mustBeExact =
  'must be an exact origin such as https://www.acme.example: lower case, no path, no trailing slash, no default port'
