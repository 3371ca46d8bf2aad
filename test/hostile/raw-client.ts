import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** One answer on a connection, read strictly enough to see a second one hidden in it. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Exchange {
  readonly answers: readonly RawAnswer[]
  /** All bytes that came back. */
  readonly text: string
  /** The other side closed the connection before we did anything of the kind. */
  readonly isClosed: boolean
  /** We ended our side because no answer had come: a call under way may have been cut off. */
  readonly isCut: boolean
}

export interface AskOptions {
  /** Milliseconds of silence after an answer; then the connection counts as kept open. */
  readonly quiet?: number
  /** Milliseconds to wait for a first answer before our side is ended. */
  readonly patience?: number
  /** Pauses between the pieces, so that they arrive as separate reads. */
  readonly pause?: number
  /** The method was HEAD: an answer has no body. */
  readonly isHead?: boolean
  /** Whether so many answers are all there will be; silence means nothing before that. */
  readonly isEnough?: (answers: number) => boolean
}

/** However busy the machine is, what is expected comes within this. */
const LONGEST_SILENCE = 10_000

type Piece = string | Buffer

/** Bytes in, bytes out. Rejects only where what came back is no HTTP. */
export function ask(
  url: string,
  bytes: Piece | readonly (Piece | Promise<Piece>)[],
  options: AskOptions = {},
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const asking = new Asking(url, { isEnough: () => true, ...options }, resolve, reject)
    asking.send([bytes].flat()).catch(reject)
  })
}

/** One connection, from its first byte to the moment when nothing more is to be expected. */
class Asking {
  readonly #socket: Socket
  readonly #options: AskOptions & Required<Pick<AskOptions, 'isEnough'>>
  readonly #resolve: (exchange: Exchange) => void
  readonly #reject: (error: unknown) => void
  readonly #received: Buffer[] = []
  #timer: NodeJS.Timeout
  #heardAt = 0
  #isSent = false
  #isCut = false
  #isDone = false

  constructor(
    url: string,
    options: AskOptions & Required<Pick<AskOptions, 'isEnough'>>,
    resolve: (exchange: Exchange) => void,
    reject: (error: unknown) => void,
  ) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    this.#socket = connect(Number(new URL(url).port), '127.0.0.1')
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (chunk) => this.#onData(chunk))
    this.#socket.on('close', () => this.#finish(!this.#isCut))
    this.#socket.on('error', () => undefined)
    this.#timer = setTimeout(() => this.#onSilence(), LONGEST_SILENCE)
  }

  async send(pieces: readonly (Piece | Promise<Piece>)[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await delay(this.#options.pause ?? 15)
      const bytes = await piece
      const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
      await new Promise((written) => this.#socket.write(buffer, written))
    }
    this.#isSent = true
    const { quiet = 25, patience = LONGEST_SILENCE } = this.#options
    this.#wait(this.#received.length > 0 ? quiet : patience)
  }

  #onData(chunk: Buffer): void {
    this.#received.push(chunk)
    this.#heardAt = performance.now()
    if (!this.#isCut) this.#wait(this.#options.quiet ?? 25)
  }

  #wait(milliseconds: number): void {
    clearTimeout(this.#timer)
    if (!this.#isDone) this.#timer = setTimeout(() => this.#onSilence(), milliseconds)
  }

  #onSilence(): void {
    if (this.#isCut) return this.#finish(false)
    if (this.#received.length > 0) {
      const isOver = performance.now() - this.#heardAt > LONGEST_SILENCE
      if (isOver || !this.#isMoreToCome()) return this.#finish(false)
      return this.#wait(this.#options.quiet ?? 25)
    }
    this.#isCut = true
    this.#socket.end()
    this.#wait(LONGEST_SILENCE)
  }

  /** Something is still to be sent, or the other side is at work, or has said that it closes. */
  #isMoreToCome(): boolean {
    if (!this.#isSent) return true
    const answers = readable(this.#text(), this.#options.isHead)
    if (answers === null) return false
    const isClosing = answers.at(-1)?.headers['connection'] === 'close'
    return isClosing || !this.#options.isEnough(answers.length)
  }

  #finish(isClosed: boolean): void {
    if (this.#isDone) return
    this.#isDone = true
    clearTimeout(this.#timer)
    this.#socket.destroy()
    const text = this.#text()
    try {
      const answers = readAnswers(text, this.#options.isHead)
      this.#resolve({ answers, text, isClosed, isCut: this.#isCut })
    } catch (error) {
      this.#reject(error)
    }
  }

  #text(): string {
    return Buffer.concat(this.#received).toString('latin1')
  }
}

/** Null for bytes that are no answer; the end of the exchange tells which. */
function readable(text: string, isHead = false): RawAnswer[] | null {
  try {
    return readAnswers(text, isHead)
  } catch {
    return null
  }
}

/** A request with the given lines; `Host` is there unless a line names it. */
export function request(line: string, headers: readonly string[] = [], body = ''): string {
  const hasHost = headers.some((header) => /^host\s*:/i.test(header))
  const all = hasHost ? headers : ['Host: gw.acme.example', ...headers]
  return `${[`${line} HTTP/1.1`, ...all].join('\r\n')}\r\n\r\n${body}`
}

/** Every answer in the bytes of one connection. Throws on bytes that are none. */
export function readAnswers(text: string, isHead = false): RawAnswer[] {
  const answers: RawAnswer[] = []
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return answers
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? Number.NaN)
    if (Number.isNaN(status))
      throw new Error(`not an answer: ${JSON.stringify(rest.slice(0, 200))}`)
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    ) as Record<string, string>
    rest = rest.slice(end + 4)
    if (status < 200) continue
    // After an answer to HEAD, which announces a body that it does not have, comes the next one.
    const isBodyless = isHead || rest.startsWith('HTTP/1.1 ')
    const { body, left } = isBodyless
      ? { body: '', left: rest }
      : readAnswerBody(rest, status, headers)
    answers.push({ status, headers, body })
    rest = left
  }
  return answers
}

function readAnswerBody(
  rest: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): { body: string; left: string } {
  if (status === 204 || status === 304) return { body: '', left: rest }
  if (headers['transfer-encoding'] !== undefined) return readAnswerChunks(rest)
  const length = Number(headers['content-length'] ?? rest.length)
  return { body: rest.slice(0, length), left: rest.slice(length) }
}

function readAnswerChunks(text: string): { body: string; left: string } {
  let body = ''
  let rest = text
  for (;;) {
    const [, line = '', size] = /^(([0-9a-fA-F]+)\r\n)/.exec(rest) ?? []
    if (size === undefined) return { body, left: '' }
    const bytes = Number.parseInt(size, 16)
    body += rest.slice(line.length, line.length + bytes)
    rest = rest.slice(line.length + bytes + 2)
    if (bytes === 0) return { body, left: rest }
  }
}
