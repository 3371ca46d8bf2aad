import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'

export interface StorefrontFile {
  readonly type: string
  readonly bytes: Buffer
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * The files of the demo page by request path, read once: a path that is not among them leads
 * nowhere, so that none can lead out of the folder.
 */
export function loadStorefrontFiles(): ReadonlyMap<string, StorefrontFile> {
  const folder = new URL('./storefront/', import.meta.url)
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = names.flatMap((name): [string, StorefrontFile][] => {
    const type = types[extname(name)]
    if (type === undefined) return []
    const path = name.replaceAll('\\', '/')
    return [[`/${path}`, { type, bytes: readFileSync(new URL(path, folder)) }]]
  })
  const page = files.filter(([path]) => path === '/index.html')
  return new Map([...files, ...page.map(([, file]) => ['/', file] as const)])
}
