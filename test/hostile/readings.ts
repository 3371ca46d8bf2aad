/** One way in which a server might read a path. */
export interface Reading {
  readonly reader: string
  readonly path: string
}

/** How servers of different make would read the same path, after their own clean-up. */
export function readings(path: string): readonly Reading[] {
  return Object.entries(readers).map(([reader, read]) => ({ reader, path: resolve(read(path)) }))
}

const readers: Readonly<Record<string, (path: string) => string>> = {
  'a literal reader': (path) => path,
  'a decoding reader': slashKeepingDecode,
  'a twice decoding reader': (path) => slashKeepingDecode(slashKeepingDecode(path)),
  'a slash decoding reader': decode,
  'a backslash reader': (path) => decode(path).replaceAll('\\', '/'),
  'a servlet reader': (path) => decode(path.replaceAll(/;[^/]*/g, '')),
  'a merging reader': (path) => decode(path).replaceAll(/\/{2,}/g, '/'),
  'a compatibility reader': (path) => decode(path).normalize('NFKC'),
  'an overlong reader': (path) =>
    path.replaceAll(/%c0%a[fe]|%e0%80%a[fe]/gi, (bytes) => (/f$/i.test(bytes) ? '/' : '.')),
  'a URL reader': (path) => URL.parse(path, 'http://upstream.example')?.pathname ?? path,
}

/** What is not UTF-8 stays as it was. */
function decode(path: string): string {
  return path.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (encoded) => {
    try {
      return decodeURIComponent(encoded)
    } catch {
      return encoded
    }
  })
}

function slashKeepingDecode(path: string): string {
  return path
    .split('/')
    .map((segment) => decode(segment))
    .join('/')
}

/** RFC 3986 §5.2.4. */
function resolve(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}
