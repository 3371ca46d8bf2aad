/**
 * What the steps of the hot path cost stays within `bounds.ts`: bytes allocated by each call, and
 * its CPU as a multiple of a reference in the same run. Measured in a process of its own, whose
 * heap is large enough that nothing is collected meanwhile.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { MEASURING } from '../../bench/measure.ts'
import { bounds } from './bounds.ts'
import type { Cost } from './exceeded.ts'

interface Report {
  readonly costs: readonly Cost[]
  /** Operations that allocate 2 KB more. */
  readonly wasteful: readonly Cost[]
  /** Operations that look through a list. */
  readonly slow: readonly Cost[]
}

let report: Report

beforeAll(async () => {
  const program = fileURLToPath(new URL('measure-all.ts', import.meta.url))
  // What a debugger or a coverage tool adds to a process would be measured too.
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [...MEASURING, program], { env })
  report = JSON.parse(stdout) as Report
}, 60_000)

test('every bound is for an operation, and every operation has one', () => {
  expect(report.costs.map(({ name }) => name)).toEqual(Object.keys(bounds))
})

test.each(Object.keys(bounds))('%s', (name) => {
  const cost = report.costs.find((cost) => cost.name === name)
  expect(cost?.exceeded).toEqual([])
})

describe('a planted fault is seen:', () => {
  test('an array of 2 KB in each call', () => {
    expect(report.wasteful).toHaveLength(3)
    for (const { name, exceeded } of report.wasteful) {
      expect(exceeded.join(), name).toMatch(/bytes/)
    }
  })

  test('a list looked through in each call', () => {
    expect(report.slow).toHaveLength(2)
    for (const { name, exceeded } of report.slow) expect(exceeded.join(), name).toMatch(/times/)
  })
})
