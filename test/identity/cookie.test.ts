import { describe, expect, test } from 'vitest'
import { clearedCookie, readCookie, sessionCookie } from '../../src/identity/cookie.ts'
import { codeOf } from '../support/code-of.ts'

describe('a cookie', () => {
  test.each([
    ['sid=a', 'a'],
    ['b=1; sid=a', 'a'],
    ['sid=a; b=1', 'a'],
    ['b=1;sid=a;c=2', 'a'],
    ['  sid=a  ', 'a'],
    ['sid=a=b', 'a=b'],
    ['sid="a"', '"a"'],
    ['sid=a%3Bb', 'a%3Bb'],
    ['xsid=1; sid=a', 'a'],
    ['b=sid=x; sid=a', 'a'],
  ])('is read as it came: %s', (header, value) => expect(readCookie(header, 'sid')).toBe(value))

  test.each([
    undefined,
    '',
    'sid',
    'sid=',
    'sid =a',
    'SID=a',
    'sid2=a',
    'xsid=a',
    'b="sid=a"',
    'b=sid=a',
  ])('is not there: %j', (header) => expect(readCookie(header, 'sid')).toBeNull())

  test.each(['sid=a; sid=b', 'sid=a; sid=a', 'sid=;sid=a', 'sid=a; b=1; sid='])(
    'is refused twice: %s',
    (header) => expect(codeOf(() => readCookie(header, 'sid'))).toBe('identity/invalid'),
  )
})

test('a session’s cookie is kept from scripts, other sites and plain http, and ends with it', () => {
  expect(sessionCookie('t', 60_999)).toBe(
    '__Host-gatehouse=t; Max-Age=60; Path=/; Secure; SameSite=Lax; HttpOnly',
  )
  expect(clearedCookie('__Host-gatehouse')).toBe(
    '__Host-gatehouse=; Max-Age=0; Path=/; Secure; SameSite=Lax; HttpOnly',
  )
  expect(clearedCookie('sid')).toBe('sid=; Max-Age=0; Path=/; Secure; SameSite=Lax')
})
