import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeCorpus, lines } from '../support/corpora.ts'
import { request } from './raw-client.ts'
import { startLanes, tryOn } from './trial.ts'
import type { Lanes } from './trial.ts'

interface RawRequest {
  readonly src: string
  readonly name: string
  readonly b64: string
}

/** Milliseconds: much of this is no whole request, and no answer comes. */
const PATIENCE = 250

let lanes: Lanes
beforeAll(async () => {
  lanes = await startLanes()
})
afterAll(() => lanes.close())

/** Bytes under the name of their case, as latin1. */
type Case = readonly [name: string, bytes: string]

/** What is wrong with any of them. */
function judged(cases: readonly Case[]): Promise<readonly string[]> {
  return lanes.all(cases, async (stand, [name, bytes]) => {
    const verdict = await tryOn(stand, bytes, { patience: PATIENCE })
    return verdict.wrongs.map((wrong) => `${name}: ${wrong}`)
  })
}

describeCorpus('raw-requests.json', 'raw requests of llhttp and smuggler', (text) => {
  const cases = (JSON.parse(text) as RawRequest[]).map(({ src, name, b64 }): Case => [
    `${src} ${name}`,
    Buffer.from(b64, 'base64').toString('latin1'),
  ])

  test('as they are, none reaches the upstream in a form that two servers could read differently', async () => {
    expect(await judged(cases)).toEqual([])
  }, 60_000)

  test('aimed at routes that exist, none does either, and no refusal comes after a call', async () => {
    expect(await judged(cases.map(aimed))).toEqual([])
  }, 60_000)
})

/** The same bytes with a target that a route answers. */
function aimed([name, bytes]: Case): Case {
  const target = /^(?:GET|HEAD|DELETE)/.test(bytes)
    ? '/api/widget/search?q=a'
    : '/api/widget/track/click'
  return [`${name}, aimed`, bytes.replace(/^([A-Z]+) \S+/, `$1 ${target}`)]
}

describeCorpus('patt-traversal.txt', 'path traversals', (text) => {
  // Every tenth of the lines here; all of them in test/slow.
  const tails = lines(text).filter((_line, index) => index % 10 === 0)

  test('below an open route, none reaches another one', async () => {
    const cases = tails.map((tail): Case => [tail, request(`GET /api/widget/${tail}`)])
    expect(await judged(cases)).toEqual([])
  }, 60_000)

  test('in the place of an id, none reaches another route', async () => {
    const path = '/nector/api/v2/merchant/entities'
    const cases = tails.map((tail): Case => [tail, request(`GET ${path}/${tail}`)])
    expect(await judged(cases)).toEqual([])
  }, 60_000)
})

describeCorpus('patt-crlf.txt', 'line breaks in a path', (text) => {
  test('none ends a line, neither upstream nor in the answer', async () => {
    const cases = lines(text).flatMap((tail): Case[] => [
      [tail, request(`GET /api/widget/search${tail}`)],
      [`${tail} in the query`, request(`GET /api/widget/search?q=${tail}`)],
      [`${tail} as an id`, request(`GET /nector/api/v2/merchant/entities${tail}`)],
    ])
    const wrong = await lanes.all(cases, async (stand, [name, bytes]) => {
      const verdict = await tryOn(stand, bytes, { patience: PATIENCE })
      const isSet = /^set-cookie/im.test(verdict.text)
      return [...verdict.wrongs, ...(isSet ? ['a header was injected'] : [])].map(
        (what) => `${name}: ${what}`,
      )
    })
    expect(wrong).toEqual([])
  })
})

describeCorpus('patt-header-names.txt', 'header names that some server trusts', (text) => {
  const CANARY = 'canary-2f9c41'
  // What a caller may say about the content it sends and wants.
  const passed = new Set([
    'accept',
    'accept-encoding',
    'accept-language',
    'content-type',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'range',
    'via',
    'x-idempotency-key',
  ])

  test('no value of theirs reaches the upstream, dashed or underscored, but of the dozen that are content', async () => {
    const names = lines(text).filter((name) => !passed.has(name.toLowerCase()))
    const cases = names.flatMap((name): Case[] => [
      [name, request('GET /api/widget/search?q=a', [`${name}: ${CANARY}`])],
      [
        `${name}, underscored`,
        request('GET /api/widget/search?q=a', [`${name.replaceAll('-', '_')}: ${CANARY}`]),
      ],
    ])
    const wrong = await lanes.all(cases, async (stand, [name, bytes]) => {
      const verdict = await tryOn(stand, bytes, { patience: PATIENCE })
      const isSent = stand.recorder.bytes().includes(CANARY)
      return [...verdict.wrongs, ...(isSent ? ['it went upstream'] : [])].map(
        (what) => `${name}: ${what}`,
      )
    })
    expect(wrong).toEqual([])
  }, 60_000)
})

describeCorpus('wpt-urltestdata.json', 'the URL test data of the web platform', (text) => {
  const inputs = (JSON.parse(text) as unknown[]).flatMap((entry) => {
    const input =
      typeof entry === 'object' && entry !== null && 'input' in entry ? entry.input : null
    return typeof input === 'string' ? [Buffer.from(input, 'utf8').toString('latin1')] : []
  })

  test('as a target and below a route, none reaches what is not listed', async () => {
    const cases = inputs.flatMap((input): Case[] => [
      [JSON.stringify(input), request(`GET ${input}`)],
      [`${JSON.stringify(input)} below`, request(`GET /api/widget/search/${input}`)],
      [
        `${JSON.stringify(input)} as an id`,
        request(`GET /nector/api/v2/merchant/entities/${input}`),
      ],
      [`${JSON.stringify(input)} in the query`, request(`GET /api/widget/search?q=${input}`)],
    ])
    expect(await judged(cases)).toEqual([])
  }, 60_000)

  test('as a Host, none is believed to be another one’s', async () => {
    const cases = inputs
      .filter((input) => !/[\r\n]/.test(input))
      .map((input): Case => [input, request('GET /api/widget/search?q=a', [`Host: ${input}`])])
    const wrong = await lanes.all(cases, async (stand, [name, bytes]) => {
      const verdict = await tryOn(stand, bytes, { patience: PATIENCE })
      const hosts = verdict.sent.flatMap(({ headers }) =>
        headers.filter(([header]) => header === 'host'),
      )
      const isOwn = hosts.every(([, host]) => stand.recorder.url.endsWith(host))
      return [...verdict.wrongs, ...(isOwn ? [] : ['the caller’s host went upstream'])].map(
        (what) => `${name}: ${what}`,
      )
    })
    expect(wrong).toEqual([])
  }, 60_000)
})
