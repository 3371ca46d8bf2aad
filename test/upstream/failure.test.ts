import { errors } from 'undici'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../src/problem.ts'
import { failureOf, isTheirs } from '../../src/upstream/failure.ts'

/** As a socket or the DNS reports it. */
function system(code: string, syscall = 'connect'): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall })
}

function several(...codes: string[]): AggregateError {
  const all = codes.map((code) => system(code))
  return Object.assign(new AggregateError(all), { code: codes[0] })
}

const failed = (error: unknown) => failureOf(error, 'Acme API')

describe('a mistake of our own is internal, and not the upstream’s fault', () => {
  test.each([TypeError, RangeError, ReferenceError, SyntaxError, URIError])('$name', (Mistake) => {
    const mistake = new Mistake('boom')
    const problem = failed(mistake)
    expect(problem.code).toBe('internal')
    expect(problem.cause).toBe(mistake)
    expect(problem.message).not.toContain('boom')
    expect(isTheirs(problem)).toBe(false)
  })
})

describe('what this host lacks is an overload, and not the upstream’s fault', () => {
  test.each([
    system('EMFILE'),
    system('ENFILE'),
    system('ENOBUFS'),
    system('EADDRNOTAVAIL'),
    system('EADDRINUSE'),
    system('EMFILE', 'getaddrinfo'),
    several('EMFILE', 'EMFILE'),
  ])('%s', (error) => {
    const problem = failed(error)
    expect(problem).toMatchObject({ code: 'downstream/overloaded', status: 503, retryAfter: 1 })
    expect(problem.cause).toBe(error)
    expect(isTheirs(problem)).toBe(false)
  })
})

describe('the upstream’s fault stays theirs', () => {
  test.each([
    ['upstream/unreachable', system('ECONNREFUSED')],
    ['upstream/unreachable', system('ENOTFOUND', 'getaddrinfo')],
    ['upstream/unreachable', new errors.SocketError('other side closed')],
    ['upstream/unreachable', new Error('of a kind that nobody knows')],
    // A certificate that cannot be read is a SyntaxError, with a code.
    ['upstream/unreachable', coded(new SyntaxError('SAN'), 'ERR_TLS_CERT_ALTNAME_FORMAT')],
    // A host without IPv6, and an upstream that is down.
    ['upstream/unreachable', several('EADDRNOTAVAIL', 'ECONNREFUSED')],
    // `upstream.localAddress` is wrong: that does not pass with time.
    ['upstream/unreachable', system('EADDRNOTAVAIL', 'bind')],
    ['upstream/bad-response', new errors.HTTPParserError('not HTTP', undefined)],
    ['upstream/bad-response', coded(new TypeError('header'), 'ERR_INVALID_CHAR')],
    ['upstream/bad-response', new errors.SocketError('bad upgrade')],
    ['upstream/timeout', new errors.HeadersTimeoutError()],
  ])('%s: %s', (code, error) => {
    const problem = failed(error)
    expect(problem.code).toBe(code)
    expect(isTheirs(problem)).toBe(true)
  })
})

test('a problem is itself', () => {
  const problem = new Problem('downstream/malformed', 'The caller hung up.')
  expect(failed(problem)).toBe(problem)
  expect(isTheirs(problem)).toBe(false)
})

function coded(error: Error, code: string): Error {
  return Object.assign(error, { code })
}
