import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readTarget } from '../../src/downstream/target.ts'
import { Problem } from '../../src/problem.ts'
import { anyTarget } from '../hostile/generators.ts'
import { readings } from '../hostile/readings.ts'

const HOST = 'gw.acme.example'
const LONGEST = 8_192

function read(url: string): ReturnType<typeof readTarget> | string {
  try {
    return readTarget(url, HOST, LONGEST)
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}

describe('a target', () => {
  test.each([
    ['/', { path: '/', query: '' }],
    ['/a/b', { path: '/a/b', query: '' }],
    ['/a/b?', { path: '/a/b', query: '' }],
    ['/a?b=c?d', { path: '/a', query: 'b=c?d' }],
    ['/a?/../b', { path: '/a', query: '/../b' }],
    ['/%D1%82', { path: '/%D1%82', query: '' }],
    ['http://gw.acme.example/a?b', { path: '/a', query: 'b' }],
    ['HTTP://GW.acme.example/a', { path: '/a', query: '' }],
  ])('%s is read as it is', (url, target) => expect(read(url)).toEqual(target))

  test('of which every server reads the path alike is all that is taken', () => {
    fc.assert(
      fc.property(anyTarget, (url) => {
        const target = read(url)
        if (typeof target === 'string') return
        const segments = target.path.split('/').length
        for (const { reader, path } of readings(target.path)) {
          expect([reader, path.split('/').length]).toEqual([reader, segments])
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test('of any bytes is read or refused, and never anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const target = read(`/${text}`)
        if (typeof target === 'string') expect(target).toMatch(/^downstream\//)
        else
          expect(`/${text}`).toBe(
            target.query === '' ? target.path : `${target.path}?${target.query}`,
          )
      }),
    )
  })

  test('longer than the limit is refused as such', () => {
    expect(read(`/${'a'.repeat(LONGEST)}`)).toBe('downstream/uri-too-long')
    expect(read(`/${'a'.repeat(LONGEST - 1)}`)).toHaveProperty('path')
  })
})
