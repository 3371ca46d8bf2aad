import { errors } from 'undici'
import { Problem } from '../problem.ts'

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

/** What a failed sending means to the caller; the upstream's own words go to the log alone. */
export function failureOf(error: unknown, title: string): Problem {
  if (error instanceof Problem) return error
  const code = codeOf(error)
  if (TIMEOUTS.has(code)) return timedOut(title, error)
  if (BAD_RESPONSES.has(code) || isUnreadable(error) || isUnasked(error)) {
    return new Problem('upstream/bad-response', `${title} sent an answer that is not valid HTTP.`, {
      cause: error,
    })
  }
  return new Problem('upstream/unreachable', `${title} cannot be reached.`, { cause: error })
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
  return String(error.code)
}
