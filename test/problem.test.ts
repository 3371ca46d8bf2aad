/** The table of problems, the pages that explain them and the codes of `openapi.yaml` agree. */
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { asProblem, Problem, problems } from '../src/problem.ts'
import type { ProblemCode } from '../src/problem.ts'

const codes = Object.keys(problems) as ProblemCode[]
const stages = ['downstream', 'identity', 'policy', 'tokens', 'upstream']

describe('docs/problems', () => {
  test('has one page for each code, and no other', () => {
    const pages = globSync('docs/problems/**/*.md').map((path) =>
      path.replaceAll('\\', '/').slice('docs/problems/'.length, -'.md'.length),
    )
    expect(pages.sort()).toEqual(codes.toSorted())
  })

  test.each(codes)('%s: the page names code, status and title, and helps both sides', (code) => {
    const [status, title] = problems[code]
    const page = readFileSync(`docs/problems/${code}.md`, 'utf8')
    expect(page).toMatch(new RegExp(`^# ${code}\n\nStatus ${status}: ${title}\\.\n`))
    const headings = [...page.matchAll(/^## (.+)\n\n(.+)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(['What it means', 'What the caller does', 'What the operator checks'])
  })
})

test('openapi.yaml lists these codes, and no other', () => {
  const document = parse(readFileSync('openapi.yaml', 'utf8')) as {
    components: { schemas: { ProblemCode: { enum: string[] } } }
  }
  expect(document.components.schemas.ProblemCode.enum.toSorted()).toEqual(codes.toSorted())
})

describe('the table', () => {
  test.each(codes.filter((code) => code !== 'internal'))('%s begins with a stage', (code) => {
    const [stage = '', reason = ''] = code.split('/')
    expect(stages).toContain(stage)
    expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/)
  })

  test('holds statuses of errors alone, and a title of its own for each code', () => {
    const rows = Object.values(problems)
    expect(rows.filter(([status]) => status < 400 || status > 599)).toEqual([])
    expect(new Set(rows.map(([, title]) => title)).size).toBe(rows.length)
  })

  test('says 401 only where the caller has to prove who it is', () => {
    const unproven = codes.filter((code) => problems[code][0] === 401)
    expect(unproven).toEqual([
      'identity/missing',
      'identity/invalid',
      'identity/expired',
      'policy/subject-required',
    ])
  })
})

describe('Problem', () => {
  test('takes status and title from the table, and nothing to wait for unless told', () => {
    const problem = new Problem('policy/rate-limited', 'Too many calls from here.')
    expect(problem).toBeInstanceOf(Error)
    expect(problem).toMatchObject({
      name: 'Problem',
      code: 'policy/rate-limited',
      status: 429,
      title: 'Too many calls',
      message: 'Too many calls from here.',
      retryAfter: null,
    })
    expect(Object.hasOwn(problem, 'cause')).toBe(false)
  })

  test('keeps the cause for the log and the seconds for the caller', () => {
    const cause = new Error('ECONNRESET')
    const problem = new Problem('upstream/over-budget', 'Later.', { retryAfter: 7, cause })
    expect(problem.cause).toBe(cause)
    expect(problem.retryAfter).toBe(7)
    expect(problem.message).not.toContain('ECONNRESET')
  })
})

describe('asProblem', () => {
  test('leaves a problem as it is', () => {
    const problem = new Problem('downstream/loop', 'Again.')
    expect(asProblem(problem)).toBe(problem)
  })

  test.each([
    ['an error', new TypeError('secret_of_the_shop')],
    ['a text', 'secret_of_the_shop'],
    ['null', null],
    ['an error that only looks like a problem', { code: 'identity/missing', status: 401 }],
  ])('makes %s internal, and tells the caller nothing of it', (_what, thrown) => {
    const problem = asProblem(thrown)
    expect(problem).toMatchObject({ code: 'internal', status: 500, retryAfter: null })
    expect(problem.message).toBe('Something went wrong inside the gateway.')
    expect(problem.cause).toBe(thrown)
  })
})
