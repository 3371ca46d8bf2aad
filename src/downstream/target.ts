import { Problem } from '../problem.ts'

/** What a caller asked for, canonical: the path that is matched is the path that is sent. */
export interface Target {
  readonly path: string
  /** Without the question mark; empty where there is none. */
  readonly query: string
}

// RFC 3986 §3.3 without `;`: some servers cut a segment there, others do not.
const SEGMENT = "(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-F]{2})+"
const PATH = new RegExp(`^/(?:${SEGMENT}(?:/${SEGMENT})*/?)?$`)
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/
// Characters that RFC 3986 does not let stand bare in a segment, or gives a meaning of their own.
// Everything else that is ASCII has one spelling, and it is not this one.
const NEEDLESS_ENCODING = /%(?!2[0346BC]|3[ACDEF]|40|5[BDE]|60|7[BCD]|[89A-F])/
const QUERY = /^(?:[\x21\x24-\x5b\x5d-\x7e]|%[0-9A-Fa-f]{2})*$/
const STRAY_PERCENT = /%(?![0-9A-Fa-f]{2})/

/**
 * Reads the request target. Only a canonical origin-form path is taken, so that no two parties can
 * read it differently; an absolute-form target must name the same authority as `Host`.
 */
export function readTarget(url: string, host: string, maxBytes: number): Target {
  if (url.length > maxBytes) {
    throw new Problem('downstream/uri-too-long', `The target is longer than ${maxBytes} bytes.`)
  }
  const target = url.startsWith('/') ? url : originForm(url, host)
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark + 1)
  if (!isCanonicalPath(path)) throw malformed('The path is not in canonical form.')
  if (query !== '' && (!QUERY.test(query) || STRAY_PERCENT.test(query))) {
    throw malformed('The query holds characters that must be encoded.')
  }
  return { path, query }
}

/** RFC 9112 §3.2.2. A query without a path and other schemes are refused. */
function originForm(url: string, host: string): string {
  const parts = /^http:\/\/([^/?#]+)(\/.*)$/i.exec(url)
  if (parts === null) throw malformed('The request target is not a path.')
  const [, authority = '', target = ''] = parts
  if (authority.toLowerCase() !== host.toLowerCase()) {
    throw malformed('The request target and Host name different authorities.')
  }
  return target
}

function isCanonicalPath(path: string): boolean {
  if (!PATH.test(path) || DOT_SEGMENT.test(path)) return false
  return !path.includes('%') || isCanonicalEncoding(path)
}

function isCanonicalEncoding(path: string): boolean {
  if (NEEDLESS_ENCODING.test(path)) return false
  const decoded = decode(path)
  if (decoded === null || /[\u0080-\u009f]/.test(decoded)) return false
  // Full-width dots and slashes become plain ones in servers that normalize.
  return !/[/\\]|\.\./.test(decoded.replaceAll('/', '').normalize('NFKC'))
}

/** Null for what is not UTF-8, overlong forms included. */
function decode(path: string): string | null {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

function malformed(detail: string): Problem {
  return new Problem('downstream/malformed', detail)
}
