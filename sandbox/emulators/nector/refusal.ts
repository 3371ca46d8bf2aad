import type { Answer } from '../call.ts'

/** Thrown where a call ends early; becomes Nector's error envelope. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function answerToRefusal({ status, message }: Refusal): Answer {
  return { status, body: { meta: { status: 'error', code: status }, data: { message } } }
}
