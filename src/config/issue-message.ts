import type { z } from 'zod'

/**
 * What zod says by itself, in words that follow a key path. Only what was expected and the type of
 * what was found is told: a message of the library's may quote the value, and the value a secret.
 */
export const issueMessage: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, issue.input)
    case 'invalid_value':
      return oneOf(issue.values.map(String))
    case 'too_small':
      return `must ${measure(issue.origin)} at least ${issue.minimum}${unit(issue.origin)}`
    case 'too_big':
      return `must ${measure(issue.origin)} at most ${issue.maximum}${unit(issue.origin)}`
    case 'invalid_format':
      return issue.format === 'regex'
        ? 'has not the expected form'
        : `must be a valid ${issue.format}`
    default:
      return 'is not valid'
  }
}

function oneOf(values: readonly string[]): string {
  return values.length > 1 ? `must be one of ${values.join(', ')}` : `must be ${values.join()}`
}

function wrongType(expected: string, input: unknown): string {
  if (input === undefined) return 'is missing'
  if (input === null) return `is empty; it must be ${noun(expected)}`
  const found = Array.isArray(input) ? 'array' : typeof input
  const quotes = expected === 'string' && found !== 'object' && found !== 'array'
  return `must be ${noun(expected)}, not ${noun(found)}${quotes ? ': put it in quotes' : ''}`
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
}

function noun(type: string): string {
  return nouns[type] ?? type
}

const counted: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' }

function measure(origin: string): string {
  return origin in counted ? 'have' : 'be'
}

function unit(origin: string): string {
  return counted[origin] ?? ''
}
