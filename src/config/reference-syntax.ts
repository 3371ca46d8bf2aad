/**
 * `${env:NAME}` inside `{ … }` is no YAML: braces end a plain value there. Before parsing, those of
 * a reference become two code points that Unicode keeps free for such uses, one for one, so that
 * every column stays what it was; afterwards they are put back.
 */
const [opening, closing] = ['\uFDD0', '\uFDD1']

export function shieldReferences(text: string): string {
  return text.replace(/\$\{([^{}\r\n]*)\}/g, `$$${opening}$1${closing}`)
}

export function restoreReferences(text: string): string {
  return text.replaceAll(opening, '{').replaceAll(closing, '}')
}
