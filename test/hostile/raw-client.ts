import { connect } from 'node:net'

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
}

/** Bytes in, bytes out. Never fails: what happened is in the exchange. */
export function ask(
  url: string,
  bytes: string | Buffer | readonly (string | Buffer)[],
  { quiet = 25, patience = 250, pause = 15, isHead = false }: AskOptions = {},
): Promise<Exchange> {
  const pieces = (Array.isArray(bytes) ? bytes : [bytes]).map((piece) =>
    typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece,
  ) as Buffer[]
  return new Promise((resolve) => {
    const received: Buffer[] = []
    let isCut = false
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.setNoDelay(true)
    const finish = (isClosed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      const text = Buffer.concat(received).toString('latin1')
      resolve({ answers: readAnswers(text, isHead), text, isClosed: isClosed && !isCut, isCut })
    }
    const onSilence = () => {
      if (received.length > 0) return finish(false)
      isCut = true
      socket.end()
      timer = setTimeout(() => finish(false), 5_000)
    }
    let timer = setTimeout(onSilence, 5_000)
    const wait = (milliseconds: number) => {
      clearTimeout(timer)
      timer = setTimeout(onSilence, milliseconds)
    }
    const send = (index: number): void => {
      const piece = pieces[index]
      if (piece === undefined) return wait(patience)
      socket.write(piece, () => {
        if (index + 1 < pieces.length) setTimeout(send, pause, index + 1)
        else wait(received.length > 0 ? quiet : patience)
      })
    }
    socket.on('connect', () => send(0))
    socket.on('data', (chunk) => {
      received.push(chunk)
      if (!isCut) wait(quiet)
    })
    socket.on('close', () => finish(true))
    socket.on('error', () => undefined)
  })
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
    const { body, left } = isHead ? { body: '', left: rest } : readAnswerBody(rest, status, headers)
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
