/**
 * A reader of HTTP/1.1 requests that forgives nothing, written from RFC 9112 for this suite: it
 * re-reads what an upstream got, byte for byte. Whatever two servers could read differently is a
 * fault here, also where the RFC lets a recipient be lenient.
 */
export interface StrictRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

export interface StrictReading {
  readonly requests: readonly StrictRequest[]
  /** What is wrong with the bytes; reading ends at the first one. */
  readonly faults: readonly string[]
  /** Bytes of a request that is not complete yet. */
  readonly rest: Buffer
}

class Fault extends Error {}
class Incomplete extends Error {}

/** Reads every request in the bytes of one connection. */
export function readRequests(bytes: Buffer): StrictReading {
  const requests: StrictRequest[] = []
  let rest = bytes
  while (rest.length > 0) {
    try {
      const { request, end } = readOne(rest)
      requests.push(request)
      rest = rest.subarray(end)
    } catch (error) {
      if (error instanceof Incomplete) return { requests, faults: [], rest }
      if (error instanceof Fault) return { requests, faults: [error.message], rest }
      throw error
    }
  }
  return { requests, faults: [], rest }
}

export function headerOf({ headers }: Pick<StrictRequest, 'headers'>, name: string): string | null {
  return headers.find(([sent]) => sent.toLowerCase() === name)?.[1] ?? null
}

const REQUEST_LINE = /^(GET|HEAD|POST|PUT|DELETE) (\/[\x21\x24-\x5b\x5d-\x7e]*) HTTP\/1\.1$/
// RFC 9110 §5.1: a token.
const HEADER_LINE =
  /^([\w!#$%&'*+.^`|~-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?[ \t]*$/

function readOne(bytes: Buffer): { request: StrictRequest; end: number } {
  const headEnd = bytes.indexOf('\r\n\r\n')
  const head = bytes.subarray(0, headEnd === -1 ? bytes.length : headEnd).toString('latin1')
  refuseOddBytes(head)
  if (headEnd === -1) throw new Incomplete()

  const [requestLine = '', ...lines] = head.split('\r\n')
  const [, method, target] = REQUEST_LINE.exec(requestLine) ?? []
  if (method === undefined || target === undefined) throw new Fault(`line ${quote(requestLine)}`)
  const headers = lines.map(readHeaderLine)
  if (values(headers, 'host').length !== 1) throw new Fault('not exactly one host')

  const { body, end } = readBody(bytes, headEnd + 4, headers)
  if (body.length > 0 && (method === 'GET' || method === 'HEAD')) throw new Fault('a body on GET')
  return { request: { method, target, headers, body }, end }
}

function refuseOddBytes(head: string): void {
  // A CR at the very end may be the first half of a line's end.
  const settled = head.endsWith('\r') ? head.slice(0, -1) : head
  const bare = settled.replaceAll('\r\n', '')
  if (/[\r\n]/.test(bare)) throw new Fault('a bare CR or LF')
  // oxlint-disable-next-line no-control-regex -- control bytes are what is looked for
  if (/[\x00-\x08\x0b-\x1f\x7f-\xff]/.test(bare)) throw new Fault('a control or non-ASCII byte')
}

function readHeaderLine(line: string): readonly [string, string] {
  const [, name, value = ''] = HEADER_LINE.exec(line) ?? []
  if (name === undefined) throw new Fault(`header line ${quote(line)}`)
  return [name, value]
}

type Lines = StrictRequest['headers']

function values(headers: Lines, name: string): string[] {
  return headers.filter(([sent]) => sent.toLowerCase() === name).map(([, value]) => value)
}

/** RFC 9112 §6.3, with everything refused that it lets a recipient repair. */
function readBody(bytes: Buffer, start: number, headers: Lines): { body: Buffer; end: number } {
  const encodings = values(headers, 'transfer-encoding')
  const lengths = values(headers, 'content-length')
  if (encodings.length > 0 && lengths.length > 0) throw new Fault('length and transfer-encoding')
  if (encodings.length > 0) {
    if (encodings.join() !== 'chunked') throw new Fault(`encoding ${quote(encodings.join())}`)
    return readChunks(bytes, start)
  }
  if (lengths.length > 1) throw new Fault('two lengths')
  const [length = '0'] = lengths
  if (!/^(?:0|[1-9]\d{0,14})$/.test(length)) throw new Fault(`length ${quote(length)}`)
  const end = start + Number(length)
  if (bytes.length < end) throw new Incomplete()
  return { body: bytes.subarray(start, end), end }
}

function readChunks(bytes: Buffer, start: number): { body: Buffer; end: number } {
  const chunks: Buffer[] = []
  let at = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) throw new Incomplete()
    const line = bytes.subarray(at, lineEnd).toString('latin1')
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw new Fault(`chunk line ${quote(line)}`)
    const size = Number.parseInt(line, 16)
    at = lineEnd + 2
    const after = bytes.subarray(at + size, at + size + 2)
    if (after.length < 2) throw new Incomplete()
    if (after.toString('latin1') !== '\r\n') throw new Fault('a chunk without an end, or a trailer')
    if (size === 0) return { body: Buffer.concat(chunks), end: at + 2 }
    chunks.push(bytes.subarray(at, at + size))
    at += size + 2
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 120))
}
