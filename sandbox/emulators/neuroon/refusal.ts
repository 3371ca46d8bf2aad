import type { Answer, Call } from '../call.ts'

/** Thrown where a call ends early; becomes Neuroon's uniform error body. */
export class Refusal extends Error {
  readonly status: number
  /** The `error` of the body; by default the name of the status. */
  readonly error: string | null

  constructor(status: number, message: string, error: string | null = null) {
    super(message)
    this.status = status
    this.error = error
  }
}

/** A 400 has a body of its own, which lists what is wrong. */
export class InvalidBody extends Error {
  readonly details: readonly string[]

  constructor(...details: string[]) {
    super('Validation failed')
    this.details = details
  }
}

/** Thrown when a quota is used up; this body differs from all others. */
export class OverLimit extends Error {
  readonly calls: number
  readonly seconds: number

  constructor(calls: number, seconds: number) {
    super('Too many requests. Please try again later.')
    this.calls = calls
    this.seconds = seconds
  }
}

/** Null when the error is not one of the above. */
export function answerToRefusal(error: unknown, call: Call, now: number): Answer | null {
  if (error instanceof Refusal) return uniform(error, call, now)
  if (error instanceof InvalidBody) return invalid(error)
  return error instanceof OverLimit ? overLimit(error, now) : null
}

function uniform({ status, error, message }: Refusal, call: Call, now: number): Answer {
  const name = error ?? names[status] ?? 'Error'
  const body = { timestamp: withoutZone(now), status, error: name, message, path: call.path }
  return { status, body }
}

function invalid({ message, details }: InvalidBody): Answer {
  return { status: 400, body: { code: 'VALIDATION_ERROR', message, details } }
}

function overLimit({ message, calls, seconds }: OverLimit, now: number): Answer {
  return {
    status: 429,
    headers: {
      'retry-after': String(seconds),
      'x-ratelimit-limit': String(calls),
      'x-ratelimit-remaining': '0',
    },
    body: {
      error: 'rate_limit_exceeded',
      message,
      retryAfter: seconds,
      limit: calls,
      remaining: 0,
      timestamp: withoutZone(now),
    },
  }
}

const names: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
}

function withoutZone(now: number): string {
  return new Date(now).toISOString().replace(/Z$/, '')
}
