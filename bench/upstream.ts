/**
 * A fast upstream for the bench: answers at once and checks nothing, so that what is measured is
 * the proxy. A search for `large` streams 1 MB; a lead look-up is answered with a token.
 */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { announce } from './peers/listen.ts'

const small = JSON.stringify({
  products: Array.from({ length: 8 }, (_, n) => ({ id: n, name: 'Tent' })),
})
const large = Buffer.alloc(64 * 1024, 'x')
const secret = process.env['BENCH_SIGNING_SECRET'] ?? ''
const json = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(small) }

announce(
  createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume()
    const { url = '' } = request
    if (request.headers['x-leaddigest'] !== undefined) {
      response.end(leadAnswer(url))
    } else if (url.includes('q=large')) {
      streamLarge(response)
    } else {
      response.writeHead(200, json)
      response.end(small)
    }
  }),
)

function streamLarge(response: ServerResponse): void {
  const length = 1 << 20
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': length })
  let left = length / large.length
  const more = (): void => {
    while (left-- > 0) {
      if (response.write(large)) continue
      response.once('drain', more)
      return
    }
    response.end()
  }
  more()
}

/** The lead of a customer is the customer's number, written as a UUID. */
function leadAnswer(url: string): string {
  const customer = new URLSearchParams(url.split('?')[1]).get('customer_id') ?? ''
  const number = customer.replace(/\D/g, '').padStart(12, '0')
  const lead = `00000000-0000-4000-8000-${number}`
  return JSON.stringify({
    meta: { status: 'success' },
    lead_token: sign(lead),
    data: { item: { customer_id: customer } },
  })
}

function sign(lead: string): string {
  const iat = Math.floor(Date.now() / 1000)
  const parts = [
    { alg: 'HS256', typ: 'JWT' },
    { lead_id: lead, iat, exp: iat + 3600 },
  ]
  const text = parts
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
