import { errors } from 'undici'
import { asProblem, Problem } from '../problem.ts'

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])
/** The upstream spoke, but not HTTP that may be passed on. */
const BAD_RESPONSES = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_RESPONSE',
  'ERR_INVALID_CHAR',
  'ERR_HTTP_INVALID_HEADER_VALUE',
])
/** This host has nothing left to make a connection with: no descriptor, memory or local port. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL', 'EADDRINUSE'])

/**
 * What a failed sending means to the caller; the upstream's own words go to the log alone. Only
 * where nobody else is to blame it is the upstream's fault.
 */
export function failureOf(error: unknown, title: string): Problem {
  if (error instanceof Problem) return error
  if (isMistake(error)) return asProblem(error)
  if (isShortage(error)) return outOfConnections(error)
  const code = codeOf(error)
  if (TIMEOUTS.has(code)) return timedOut(title, error)
  if (BAD_RESPONSES.has(code) || isUnreadable(error) || isUnasked(error)) {
    return new Problem('upstream/bad-response', `${title} sent an answer that is not valid HTTP.`, {
      cause: error,
    })
  }
  return new Problem('upstream/unreachable', `${title} cannot be reached.`, { cause: error })
}

/** Whether the upstream is the one who failed, and not the caller or this gateway. */
export function isTheirs({ code }: Problem): boolean {
  return code.startsWith('upstream/')
}

/**
 * A mistake in our own code or a provider's, thrown while an answer was handled: undici reports it
 * in the same way as what the upstream did. What undici, a socket or the DNS report has a code.
 */
function isMistake(error: unknown): boolean {
  if (codeOf(error) !== '') return false
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError ||
    error instanceof SyntaxError ||
    error instanceof URIError
  )
}

/** A host without IPv6 may have no address for one of two attempts: then the other one counts. */
function isShortage(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isShortage)
  // An `upstream.localAddress` that this host does not have is no shortage, and does not pass.
  if (error instanceof Error && 'syscall' in error && error.syscall === 'bind') return false
  return SHORTAGES.has(codeOf(error))
}

function outOfConnections(cause: unknown): Problem {
  const detail = 'The gateway can make no further connection at the moment.'
  return new Problem('downstream/overloaded', detail, { retryAfter: 1, cause })
}

/** undici's parser errors carry no code of their own, and some nonsense trips its assertions. */
function isUnreadable(error: unknown): boolean {
  return error instanceof errors.HTTPParserError || codeOf(error) === 'ERR_ASSERTION'
}

/**
 * 101 to a call that offered no other protocol, 100 to one that expected nothing. undici destroys
 * the connection with the code of any that breaks: only its words say that the upstream did answer,
 * and that the call must not be sent again.
 */
function isUnasked(error: unknown): boolean {
  return (
    error instanceof errors.SocketError &&
    (error.message === 'bad upgrade' || error.message === 'bad response')
  )
}

export function timedOut(title: string, cause?: unknown): Problem {
  return new Problem('upstream/timeout', `${title} did not answer in time.`, { cause })
}

/** Ours, not the upstream's: the log says so, and nobody is there to read the status. */
export function callerGone(): Problem {
  return new Problem('downstream/malformed', 'The caller hung up.')
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}
