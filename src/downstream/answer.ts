import type { ServerResponse } from 'node:http'
import { problems } from '../problem.ts'
import type { Problem, ProblemCode } from '../problem.ts'
import type { Headers } from '../provider.ts'

// RFC 9209 §2.3: the error type that fits each of our codes; policy decisions share one.
const proxyErrors: Partial<Record<ProblemCode, string>> = {
  'downstream/loop': 'proxy_loop_detected',
  'upstream/unreachable': 'destination_unavailable',
  'upstream/bad-response': 'http_protocol_error',
  'upstream/credential-rejected': 'http_response_incomplete',
  'upstream/timeout': 'http_response_timeout',
  'upstream/circuit-open': 'destination_unavailable',
  'upstream/over-budget': 'destination_unavailable',
  internal: 'proxy_internal_error',
}

/** The `Proxy-Status` value of a problem. */
export function proxyStatus(code: ProblemCode): string {
  return `gatehouse; error=${proxyErrors[code] ?? errorOfStage(code)}`
}

function errorOfStage(code: ProblemCode): string {
  if (code.startsWith('tokens/')) return 'proxy_configuration_error'
  return code.startsWith('downstream/') ? 'http_request_error' : 'http_request_denied'
}

/** Where a code is explained; also the `type` of the problem. */
export function problemType(code: ProblemCode): string {
  return `urn:gatehouse:problem:${code}`
}

/** The RFC 9457 document of a problem. One body per code and detail, whoever asks. */
export function problemDocument(problem: Problem, requestId: string): object {
  const [status, title] = problems[problem.code]
  return {
    type: problemType(problem.code),
    title,
    status,
    detail: problem.message,
    instance: requestId,
    code: problem.code,
  }
}

/** The headers that every problem carries, beside the caller's CORS headers. */
export function problemHeaders(problem: Problem, requestId: string): [string, string][] {
  const headers: [string, string][] = [
    ['content-type', 'application/problem+json'],
    ['cache-control', 'no-store'],
    ['x-content-type-options', 'nosniff'],
    ['proxy-status', proxyStatus(problem.code)],
    ['x-request-id', requestId],
  ]
  if (problem.retryAfter !== null) headers.push(['retry-after', String(problem.retryAfter)])
  // RFC 9110 §15.5.6.
  if (problem.allow !== null) headers.push(['allow', problem.allow.join(', ')])
  // RFC 9110 §15.5.2: a 401 says how to prove who you are.
  if (problem.status === 401) headers.push(['www-authenticate', 'Bearer realm="gatehouse"'])
  return headers
}

/** Answers a call that the gateway serves itself. Never to be kept by any cache. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: object | null,
  requestId: string,
  extra: Headers = [],
): void {
  const text = body === null ? '' : JSON.stringify(body)
  const headers = [...extra.flat(), 'cache-control', 'no-store']
  headers.push('x-content-type-options', 'nosniff', 'x-request-id', requestId)
  if (body !== null) {
    headers.push('content-type', 'application/json')
    headers.push('content-length', String(Buffer.byteLength(text)))
  }
  response.writeHead(status, headers)
  response.end(text)
}

/** Answers 204. */
export function answerEmpty(response: ServerResponse, headers: Headers): void {
  response.writeHead(204, headers.flat())
  response.end()
}

/** Answers with a problem, or breaks the transfer off where an answer had already begun. */
export function answerProblem(
  response: ServerResponse,
  problem: Problem,
  requestId: string,
  extra: Headers = [],
): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = JSON.stringify(problemDocument(problem, requestId))
  const headers = [...extra, ...problemHeaders(problem, requestId)].flat()
  // A request that could not be read leaves the connection in an unknown state.
  if (problem.code.startsWith('downstream/')) headers.push('connection', 'close')
  response.writeHead(problem.status, [
    ...headers,
    'content-length',
    String(Buffer.byteLength(body)),
  ])
  response.end(body)
}
