import type { Emulator } from '../../sandbox/emulators/emulator.ts'

export interface Asked {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; an empty object when there is none or it is not JSON. */
  readonly body: Shape
}

/** Answers of any shape, read by name; what is missing is `undefined`. */
export interface Shape {
  readonly [name: string]: Shape | undefined
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON. */
  readonly body?: string | Uint8Array<ArrayBuffer> | object
}

export async function ask(
  emulator: Emulator,
  path: string,
  { method, headers = {}, body }: Question = {},
): Promise<Asked> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(`${emulator.url}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers:
      isRaw || body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parsed(text) }
}

/** For a value of an answer that goes into the next question. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new Error(`Expected text, got ${typeof value}`)
}

function parsed(text: string): Shape {
  try {
    return JSON.parse(text) as Shape
  } catch {
    return {}
  }
}
