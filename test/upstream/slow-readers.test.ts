import { expect, test } from 'vitest'
import { MOST_HELD, SlowReaders } from '../../src/upstream/slow-readers.ts'

/** Names of those who were let go, in their order. */
function reader(name: number, gone: number[]): { destroy(): void } {
  return { destroy: () => void gone.push(name) }
}

test('so many readers may be slow; beyond that, who has read nothing for longest is let go', () => {
  const gone: number[] = []
  const slow = new SlowReaders()
  const readers = Array.from({ length: MOST_HELD + 3 }, (_, index) => reader(index, gone))
  for (const each of readers.slice(0, MOST_HELD)) slow.hold(each)
  expect(gone).toEqual([])
  for (const each of readers.slice(MOST_HELD)) slow.hold(each)
  expect(gone).toEqual([0, 1, 2])
})

test('who reads on is the last one to be let go, and who has ended makes room', () => {
  const gone: number[] = []
  const slow = new SlowReaders()
  const readers = Array.from({ length: MOST_HELD + 2 }, (_, index) => reader(index, gone))
  const [first, second, third] = readers
  for (const each of readers.slice(0, MOST_HELD)) slow.hold(each)
  if (first === undefined || second === undefined || third === undefined) throw new Error('few')
  slow.release(first)
  slow.hold(first)
  slow.release(second)
  for (const each of readers.slice(MOST_HELD)) slow.hold(each)
  expect(gone).toEqual([2])
})
