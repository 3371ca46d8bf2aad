/**
 * Every error that a caller may see, one row each: code → HTTP status and title.
 *
 * The part before the slash is the stage that refused, and `docs/problems/<code>.md` explains it.
 * A test holds this table, those pages and `openapi.yaml` together.
 */
export const problems = {
  'downstream/malformed': [400, 'The request is malformed'],
  'downstream/uri-too-long': [414, 'The request target is too long'],
  'downstream/body-too-large': [413, 'The request body is too large'],
  'downstream/unsupported-media-type': [415, 'The body has a media type this route does not take'],
  'downstream/expectation-failed': [417, 'The expectation cannot be met'],
  'downstream/misdirected': [421, 'No storefront is served on this host'],
  'downstream/headers-too-large': [431, 'The request headers are too large'],
  'downstream/overloaded': [503, 'The gateway is overloaded'],
  'downstream/loop': [508, 'The request has already passed this gateway'],
  'identity/missing': [401, 'This call needs a service key'],
  'identity/invalid': [401, 'The credentials are not valid'],
  'identity/expired': [401, 'The credentials have expired'],
  'identity/unavailable': [503, 'The caller cannot be identified right now'],
  'policy/route-unknown': [404, 'There is no such route'],
  'policy/method-not-allowed': [405, 'The route does not take this method'],
  'policy/subject-required': [401, 'This call needs a logged-in shopper'],
  'policy/channel-not-allowed': [403, 'This kind of caller may not use the route'],
  'policy/origin-mismatch': [403, 'The page is not registered for the storefront'],
  'policy/scope-missing': [403, 'The service key lacks the scope'],
  'policy/subject-mismatch': [403, 'The call names somebody else'],
  'policy/write-not-allowed': [403, 'Shoppers may not make this change'],
  'policy/rate-limited': [429, 'Too many calls'],
  'tokens/customer-unknown': [404, 'The shopper is not enrolled'],
  'tokens/exchange-refused': [502, 'The provider refused to give a token'],
  'tokens/exchange-mismatch': [502, 'The provider gave a token that is not the shopper’s'],
  'tokens/exchange-unavailable': [503, 'A token cannot be had right now'],
  'upstream/unreachable': [502, 'The provider cannot be reached'],
  'upstream/bad-response': [502, 'The provider sent a bad answer'],
  'upstream/credential-rejected': [502, 'The provider rejected the gateway’s credential'],
  'upstream/timeout': [504, 'The provider did not answer in time'],
  'upstream/circuit-open': [503, 'The provider is failing; calls are held back'],
  'upstream/over-budget': [503, 'The provider’s quota is used up'],
  internal: [500, 'The gateway failed'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof problems

export interface ProblemExtras {
  /** Seconds after which the caller may try again; becomes `Retry-After`. */
  readonly retryAfter?: number
  /** The methods that the path takes; becomes `Allow`. */
  readonly allow?: readonly string[]
  /** What happened inside; goes to the log and never to the caller. */
  readonly cause?: unknown
}

/**
 * An error the caller may see, as RFC 9457 describes it. `detail` speaks to the caller and never
 * holds a secret or another shopper's data; `cause` is for the log.
 */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly retryAfter: number | null
  readonly allow: readonly string[] | null

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}) {
    super(detail, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = 'Problem'
    this.code = code
    this.retryAfter = extras.retryAfter ?? null
    this.allow = extras.allow ?? null
  }

  get status(): number {
    return problems[this.code][0]
  }

  get title(): string {
    return problems[this.code][1]
  }
}

/** Any thrown value as a problem: what is not one already is `internal`, and says nothing. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem('internal', 'Something went wrong inside the gateway.', { cause: error })
}
