import { describe, expect, test } from 'vitest'
import { checkOrigin } from '../../src/policy/origin.ts'
import { arrivalOf } from '../support/arrival.ts'
import { codeOf } from '../support/code-of.ts'

const listed = new Set([
  'https://www.acme.example',
  'http://localhost:3000',
  'capacitor://localhost',
])
const host = 'gw.acme.example'

function check(headers: Record<string, string>): string {
  return codeOf(() => checkOrigin(arrivalOf({ host, headers }), listed))
}

describe('an Origin', () => {
  test.each([...listed])('that is listed may call: %s', (origin) => {
    expect(check({ origin })).toBe('ok')
  })

  test('is not needed: an app and a server have none', () => {
    expect(check({})).toBe('ok')
  })

  test.each([
    ['null', 'null'],
    ['empty', ''],
    ['a wildcard', '*'],
    ['the apex', 'https://acme.example'],
    ['another subdomain', 'https://shop.acme.example'],
    ['a subdomain of it', 'https://evil.www.acme.example'],
    ['a longer domain', 'https://www.acme.example.evil.com'],
    ['a longer name', 'https://evilwww.acme.example'],
    ['plain http', 'http://www.acme.example'],
    ['a port', 'https://www.acme.example:8443'],
    ['the default port', 'https://www.acme.example:443'],
    ['other case', 'https://WWW.acme.example'],
    ['another scheme case', 'HTTPS://www.acme.example'],
    ['a trailing dot', 'https://www.acme.example.'],
    ['a trailing slash', 'https://www.acme.example/'],
    ['a path', 'https://www.acme.example/page'],
    ['credentials', 'https://user@www.acme.example'],
    ['two of them', 'https://www.acme.example https://evil.com'],
    ['two of them with a comma', 'https://www.acme.example, https://evil.com'],
    ['white space', ' https://www.acme.example'],
    ['no port where one is listed', 'http://localhost'],
    ['another port than listed', 'http://localhost:3001'],
    ['the gateway’s own host', `https://${host}`],
    ['what Neuroon trusts', 'https://neuroon.ai'],
    ['what Neuroon trusts by suffix', 'http://evil.localhost'],
    ['an app scheme with a port', 'capacitor://localhost:1'],
    ['a name of Object.prototype', '__proto__'],
  ])('is refused with %s', (_what, origin) => {
    expect(check({ origin })).toBe('policy/origin-mismatch')
  })

  test('decides alone: a good Referer does not make up for it', () => {
    const headers = { origin: 'https://evil.com', referer: 'https://www.acme.example/page' }
    expect(check(headers)).toBe('policy/origin-mismatch')
    expect(check({ ...headers, origin: '' })).toBe('policy/origin-mismatch')
  })

  test('that is listed is not undone by the Referer beside it', () => {
    expect(check({ origin: 'https://www.acme.example', referer: 'https://evil.com/' })).toBe('ok')
  })
})

describe('a Referer without Origin', () => {
  test.each([
    'https://www.acme.example/',
    'https://www.acme.example/products?q=tent#top',
    'https://www.acme.example:443/',
    'http://localhost:3000/',
    'capacitor://localhost/index.html',
  ])('of a listed page may call: %s', (referer) => {
    expect(check({ referer })).toBe('ok')
  })

  test('of a page on the gateway’s own host may call', () => {
    expect(check({ referer: `https://${host}/search` })).toBe('ok')
    expect(check({ referer: `http://${host}:8080/search` })).toBe('ok')
  })

  test.each([
    'https://evil.com/',
    'https://evil.com/?https://www.acme.example',
    'https://www.acme.example.evil.com/',
    'https://www.acme.example@evil.com/',
    'https://evil.com/gw.acme.example',
    'https://x.gw.acme.example/',
    'https://gw.acme.example.evil.com/',
    'http://www.acme.example/',
    'capacitor://evil/',
    'about:blank',
    'null',
    'not a url',
    '',
  ])('of another page is refused: %j', (referer) => {
    expect(check({ referer })).toBe('policy/origin-mismatch')
  })
})
