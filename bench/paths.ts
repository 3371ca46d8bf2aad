import { host, ORIGIN } from './gatehouse.ts'

/**
 * One kind of call. Peers get the same bytes; what they do with them is their business. No two
 * requests of a run are the same, so that no answer is shared or kept.
 */
export interface Path {
  readonly name: string
  /** The bytes of the n-th request, for the shopper with this token. */
  request(n: number, token: string): Buffer
  /** Share of the calls of a run that this path gets: expensive ones get fewer. */
  readonly weight: number
  /** Calls a second, where they are sent when they are due: what two cores bear of it. */
  readonly rate: number
  /** Every shopper is a new one, and only the gateway can serve it: peers do not exchange. */
  readonly isCold?: true
}

const common = `host: ${host(0)}\r\norigin: ${ORIGIN}\r\naccept: application/json\r\naccept-encoding: gzip, br\r\naccept-language: de-DE,de;q=0.9\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n`

export const anonymousSearch: Path = {
  name: 'anonymous search',
  weight: 1,
  rate: 1_000,
  request: (n) => bytes(`GET /api/widget/search?q=tent+${n}&limit=10 HTTP/1.1\r\n${common}\r\n`),
}

export const shopperRead: Path = {
  name: 'shopper read',
  weight: 1,
  rate: 1_000,
  request: (n, token) =>
    bytes(
      `GET /api/v2/merchant/wallettransactions?page=${n + 1}&limit=10 HTTP/1.1\r\n${common}authorization: Bearer ${token}\r\nx-source: web\r\n\r\n`,
    ),
}

export const post: Path = {
  name: 'POST with 2 KB',
  weight: 1,
  rate: 1_000,
  request: (n) => {
    const body = JSON.stringify({
      query: `tent ${n}`,
      limit: 10,
      filters: { note: 'x'.repeat(2_000) },
    })
    return bytes(
      `POST /api/widget/search HTTP/1.1\r\n${common}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  },
}

export const stream: Path = {
  name: '1 MB streamed',
  weight: 0.05,
  rate: 50,
  request: (n) => bytes(`GET /api/widget/search?q=large+${n} HTTP/1.1\r\n${common}\r\n`),
}

export const coldShopper: Path = {
  ...shopperRead,
  name: 'cold shopper',
  weight: 0.1,
  rate: 100,
  isCold: true,
}

export const paths: readonly Path[] = [anonymousSearch, shopperRead, post, stream, coldShopper]

/** Calls of one kind from the first on, by these shoppers in turn. */
export function callsOf(path: Path, tokens: readonly string[], first = 0): () => Buffer {
  let n = first
  return () => path.request(n, tokens[n++ % tokens.length] ?? '')
}

/** The n-th search, at one of many storefronts. */
export function searchAt(storefront: number, n: number): Buffer {
  return bytes(
    `GET /api/widget/search?q=tent+${n} HTTP/1.1\r\nhost: ${host(storefront)}\r\naccept: application/json\r\n\r\n`,
  )
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
