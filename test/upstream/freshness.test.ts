import { describe, expect, test } from 'vitest'
import { freshnessOf } from '../../src/upstream/freshness.ts'

const rule = { fresh: 60_000, stale: 600_000 }
const of = (headers: Record<string, string | string[]>, status = 200) =>
  freshnessOf({ status, headers }, rule)
const date = 'Sun, 01 Nov 2026 00:00:00 GMT'

describe('is not kept (RFC 9111 §3)', () => {
  test.each([
    { 'cache-control': 'no-store' },
    { 'cache-control': 'NO-STORE' },
    { 'cache-control': 'private' },
    { 'cache-control': 'private="x-name", max-age=60' },
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'max-age=60, no-cache="set-cookie"' },
    { 'cache-control': 'max-age=0' },
    { 'cache-control': 's-maxage=0, max-age=60' },
    { 'cache-control': 'max-age=soon' },
    { 'cache-control': 'max-age=60', age: '60' },
    { pragma: 'no-cache' },
    { expires: '0', date },
    { expires: date, date },
    { 'set-cookie': ['a=b'] },
    { vary: '*' },
    { vary: 'Accept, *' },
    { 'content-range': 'bytes 0-1/2' },
  ] as Record<string, string | string[]>[])('%j', (headers) => expect(of(headers)).toBeNull())

  test.each([201, 204, 206, 301, 404, 429, 500])('a status of %i', (status) =>
    expect(of({}, status)).toBeNull(),
  )
})

describe('is kept as long as', () => {
  test.each([
    ['the route says, where the upstream says nothing', {}, 60_000],
    ['max-age says', { 'cache-control': 'max-age=10' }, 10_000],
    ['a quoted max-age says', { 'cache-control': 'max-age="10"' }, 10_000],
    ['the first max-age says', { 'cache-control': 'max-age=10, max-age=20' }, 10_000],
    ['s-maxage says, before max-age', { 'cache-control': 'max-age=10, s-maxage=20' }, 20_000],
    [
      'max-age says, before Expires',
      { 'cache-control': 'max-age=10', expires: date, date },
      10_000,
    ],
    ['Expires says', { expires: 'Sun, 01 Nov 2026 00:00:30 GMT', date }, 30_000],
    ['is left of it', { 'cache-control': 'max-age=10', age: '4' }, 6_000],
    ['an hour at most', { 'cache-control': 'max-age=999999999' }, 3_600_000],
    [
      'the route says, beside other directives',
      { 'cache-control': 'public, x="no-store"' },
      60_000,
    ],
    ['the route says, whatever it varies by', { vary: 'Accept-Language, Origin' }, 60_000],
  ])('%s', (_what, headers, fresh) => expect(of(headers)).toMatchObject({ fresh }))
})

describe('is served when it is old while the upstream fails', () => {
  test.each([
    ['as long as the route says', {}, 600_000],
    ['as long as stale-if-error says', { 'cache-control': 'stale-if-error=30' }, 30_000],
    ['never, where it must be asked about', { 'cache-control': 'max-age=9, must-revalidate' }, 0],
    ['never by a proxy', { 'cache-control': 'max-age=9, proxy-revalidate' }, 0],
    ['never, with s-maxage', { 'cache-control': 's-maxage=9' }, 0],
  ])('%s', (_what, headers, stale) => expect(of(headers)).toMatchObject({ stale }))
})
