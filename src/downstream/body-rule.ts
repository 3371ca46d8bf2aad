import type { IncomingMessage } from 'node:http'
import type { ListenLimits } from '../config/config.ts'
import { Problem } from '../problem.ts'
import type { BodyRule } from '../provider.ts'
import type { Arrival } from './accept.ts'
import { readBody, WHOLE_BODY_BYTES } from './body.ts'
import type { Body } from './body.ts'

const JSON_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i

/**
 * The body that a route takes: none, JSON of a certain size, or anything. Read whole where it is
 * small or has to be counted, so that a bad one sends nothing.
 */
export async function readBodyFor(
  request: IncomingMessage,
  arrival: Arrival,
  rule: BodyRule | undefined,
): Promise<Body> {
  if (arrival.body === 'none') return null
  if (rule === undefined) {
    throw new Problem('downstream/malformed', 'The route takes no body.')
  }
  if (rule.type === 'json' && !JSON_TYPE.test(arrival.headers['content-type'] ?? '')) {
    throw new Problem('downstream/unsupported-media-type', 'The body must be application/json.')
  }
  const whole = rule.maxItems === undefined ? WHOLE_BODY_BYTES : rule.maxBytes
  const body = await readBody(request, arrival, { maxBytes: rule.maxBytes, whole })
  if (rule.maxItems !== undefined && Buffer.isBuffer(body)) countItems(body, rule.maxItems)
  return body
}

/** The route's rule under the listener's own limit. */
export function capped(
  rule: BodyRule | undefined,
  { bodyBytes }: Pick<ListenLimits, 'bodyBytes'>,
): BodyRule | undefined {
  return rule === undefined || rule.maxBytes <= bodyBytes ? rule : { ...rule, maxBytes: bodyBytes }
}

/** Counts a list and looks at nothing else; the bytes go out as they came. */
function countItems(body: Buffer, { field, count }: NonNullable<BodyRule['maxItems']>): void {
  const items = parseObject(body)[field]
  if (!Array.isArray(items)) return
  if (items.length > count) {
    throw new Problem('downstream/malformed', `${field} holds more than ${count} items.`)
  }
}

/** A JSON object, or a problem. */
export function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>
    }
  } catch (error) {
    throw new Problem('downstream/malformed', 'The body is not valid JSON.', { cause: error })
  }
  throw new Problem('downstream/malformed', 'The body must be a JSON object.')
}
