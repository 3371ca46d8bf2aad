/** For which failures a kept answer, although no longer fresh, is better than a problem. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { asProblem, Problem } from '../../src/problem.ts'
import { createReads } from '../../src/upstream/reads.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { fakeUpstream } from '../support/fake-upstream.ts'

/** What a read is answered with whose call fails in this way. */
async function answerTo(failure: Problem): Promise<unknown> {
  const saved: string[] = []
  const stale = { storedAt: 0, freshUntil: 0, staleUntil: Infinity, age: 0 }
  const head = { status: 200, headers: {} }
  const reads = createReads({
    cache: {
      find: () => ({ ...stale, head, body: Buffer.from('{}') }),
      store: () => undefined,
      changed: () => undefined,
      size: 1,
    },
    clock: createFakeClock(),
    onSaved: (how) => saved.push(how),
  })
  const reading = {
    name: 'a',
    key: 'a',
    rule: { fresh: 1_000, stale: 1_000 },
    owner: null,
    ifNoneMatch: null,
  }
  const context = { upstream: fakeUpstream(), requestId: 'r', cors: [], via: 'v', isPrivate: false }
  const reader = { response: new ServerResponse(new IncomingMessage(new Socket())), context }
  try {
    await reads.serve(reading, reader, () => Promise.reject(failure))
    return saved.join()
  } catch (error) {
    return error instanceof Problem ? error.code : error
  }
}

test.each([
  ['the upstream cannot be reached', new Problem('upstream/unreachable', 'a')],
  ['no token can be had', new Problem('tokens/exchange-unavailable', 'a')],
  ['this host can make no connection', new Problem('downstream/overloaded', 'a')],
])('where %s, a kept answer is given', async (_what, failure) => {
  expect(await answerTo(failure)).toBe('stale')
})

test.each([
  ['the caller is wrong', new Problem('downstream/malformed', 'a')],
  ['we are', asProblem(new TypeError('boom'))],
])('where %s, it is not', async (_what, failure) => {
  expect(await answerTo(failure)).toBe(failure.code)
})
