import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { durationSchema, formatDuration, parseDuration } from '../../src/config/duration.ts'

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['2s', 2_000],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
  ])('%s is %d milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  test.each(['', '5', 's', '1.5h', '-1s', '1 s', '1S', '1h30m', '1w', '9999999999s', '1s\n'])(
    '%j is none',
    (text) => expect(parseDuration(text)).toBeNull(),
  )

  property.prop([fc.integer({ min: 0, max: 999_999_999 })])(
    'is written so that it reads as the same',
    (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds)
    },
  )

  test('is written in the largest unit that fits', () => {
    expect([0, 1, 1_500, 90_000, 3_600_000, 172_800_000].map(formatDuration)).toEqual([
      '0s',
      '1ms',
      '1500ms',
      '90s',
      '1h',
      '2d',
    ])
  })
})

describe('a bounded duration', () => {
  const schema = durationSchema({ min: '1s', max: '24h' })

  test.each([
    ['1s', 1_000],
    ['24h', 86_400_000],
  ])('takes its bound %s', (text, milliseconds) => {
    expect(schema.parse(text)).toBe(milliseconds)
  })

  test.each([
    ['999ms', 'must be at least 1s'],
    ['25h', 'must be at most 24h'],
    ['soon', 'must be a duration such as 500ms, 2s, 10m or 1h'],
    [10, 'must be a duration such as 500ms, 2s, 10m or 1h'],
  ])('refuses %j', (value, message) => {
    expect(schema.safeParse(value).error?.issues.map((issue) => issue.message)).toEqual([message])
  })
})
