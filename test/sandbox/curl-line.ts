/** A printed `curl` line as the request it makes, so that it can be run where there is no curl. */
export interface CurlRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** Knows what the sandbox prints: `-i`, `-s`, `-w`, `-H`, `-d`, quotes, and `$NAME` in double ones. */
export function readCurlLine(line: string, variables: Readonly<Record<string, string>>) {
  const command = /\bcurl (.+?)(?:\); .*)?$/.exec(line)?.[1]
  if (command === undefined) throw new Error(`There is no curl in: ${line}`)
  return toRequest(words(command, variables))
}

function toRequest(words: readonly string[]): CurlRequest {
  const headers: Record<string, string> = {}
  let url = ''
  let body: string | null = null
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '-H') {
      const [, name, value] = /^([^:]+): (.*)$/.exec(words[(at += 1)] ?? '') ?? []
      headers[String(name).toLowerCase()] = String(value)
    } else if (word === '-d') body = words[(at += 1)] ?? ''
    else if (word === '-iw' || word === '-siw') at += 1
    else if (word.startsWith('-')) throw new Error(`Unknown option ${word}`)
    else url = word
  }
  return { url, method: body === null ? 'GET' : 'POST', headers, body }
}

function words(command: string, variables: Readonly<Record<string, string>>): string[] {
  const pattern = /'([^']*)'|"([^"]*)"|(\S+)/g
  return [...command.matchAll(pattern)].map(
    ([, single, double, bare]) => single ?? bare ?? filledIn(double ?? '', variables),
  )
}

function filledIn(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$([A-Z]+)/g, (_, name: string) => {
    const value = variables[name]
    if (value === undefined) throw new Error(`Nothing has set ${name}`)
    return value
  })
}
