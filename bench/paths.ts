import { host, ORIGIN } from './gatehouse.ts'

/** One kind of call. Peers get the same bytes; what they do with them is their business. */
export interface Path {
  readonly name: string
  /** The bytes of the n-th request, for a caller with this session. */
  request(n: number, session: (customer: number) => string): Buffer
  /** Share of the calls of a run that this path gets: expensive ones get fewer. */
  readonly weight: number
  /** Only the gateway can do it: peers do not exchange. */
  readonly isGatewayOnly?: boolean
}

const common = `host: ${host(0)}\r\norigin: ${ORIGIN}\r\naccept: application/json\r\naccept-encoding: gzip, br\r\naccept-language: de-DE,de;q=0.9\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n`
const payload = JSON.stringify({ query: 'tent', limit: 10, filters: { note: 'x'.repeat(2_000) } })

export const paths: readonly Path[] = [
  {
    name: 'anonymous search',
    weight: 1,
    request: () => bytes(`GET /api/widget/search?q=tent&limit=10 HTTP/1.1\r\n${common}\r\n`),
  },
  {
    name: 'shopper read',
    weight: 1,
    request: (n, session) => shopperRead(session(n % 100)),
  },
  {
    name: 'post 2 KB',
    weight: 1,
    request: () =>
      bytes(
        `POST /api/widget/search HTTP/1.1\r\n${common}content-type: application/json\r\ncontent-length: ${payload.length}\r\n\r\n${payload}`,
      ),
  },
  {
    name: '1 MB streamed',
    weight: 0.05,
    request: () => bytes(`GET /api/widget/compare?productIds=a,b HTTP/1.1\r\n${common}\r\n`),
  },
  {
    name: 'cold shopper',
    weight: 0.1,
    isGatewayOnly: true,
    request: (n, session) => shopperRead(session(1_000 + n)),
  },
]

export function shopperRead(session: string): Buffer {
  return bytes(
    `GET /api/v2/merchant/wallettransactions?page=1&limit=10 HTTP/1.1\r\n${common}authorization: Bearer ${session}\r\nx-source: web\r\n\r\n`,
  )
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
