import fc from 'fast-check'
import { request } from './raw-client.ts'

const piece = fc.constantFrom(
  'api',
  'widget',
  'plugin',
  'search',
  'shops',
  'shop_abc',
  'me',
  'products',
  'neuroon',
  'nector',
  'v2',
  'merchant',
  'leads',
  'entities',
  'triggers',
  'wallettransactions',
  'x',
  '',

  '.',
  '..',
  '...',
  '%2e',
  '%2e%2e',
  '.%2E',
  '%252e',
  '%c0%ae',
  '%ef%bc%8e',
  '%e2%80%a5',
  '..;',
  '..;x=y',
)
const separator = fc.constantFrom(
  '/',
  '/',
  '/',
  '/',
  '//',
  '\\',
  '%2f',
  '%2F',
  '%5c',
  '%255c',
  ';',
  '/./',
  '/../',
  '%c0%af',
)
const tail = fc.constantFrom(
  '',
  '',
  '?q=a',
  '?q=%00',
  '#x',
  '%00',
  '%20',
  '?',
  '?;',
  '&q=a',
  '%0d%0a',
  '\x00',
  '\t',
  '\xff',
)
const start = fc.constantFrom(
  '/',
  '/',
  '/api/widget/',
  '/neuroon/api/widget/',
  '/neuroon/api/plugin/shops/',
  '/nector/api/v2/merchant/',

  '/nector/api/v2/merchant/entities/',
  'http://gw.acme.example/',
  'http://evil.example/',
  '//',
  '\\',
  '',
)

/** A request target, most often one that climbs or hides. */
export const anyTarget = fc
  .tuple(start, fc.array(fc.tuple(piece, separator), { maxLength: 7 }), piece, tail)
  .map(([first, middle, last, end]) => first + middle.flat().join('') + last + end)

const name = fc.oneof(
  fc.constantFrom(
    'x-leadtoken',
    'x_leadtoken',
    'X-ApiKey',
    'x_apikey',
    'Cookie',
    'Authorization',
    'Connection',
    'Via',

    'Host',
    'host',
    'Transfer-Encoding',
    'Content-Length',
    'Content-Type',
    'Expect',
    'Upgrade',
    'TE',
    'Trailer',

    'X-Forwarded-For',
    'Forwarded',
    'X-Original-URL',
    'X-HTTP-Method-Override',
    'Accept-Language',
    'Accept',

    'Range',
    'If-None-Match',
    'X-Source',
    '__proto__',
    'constructor',
    'Keep-Alive',
    'Proxy-Connection',
    'Origin',
  ),
  fc.string({ minLength: 0, maxLength: 8, unit: 'binary-ascii' }),
)
const value = fc.oneof(
  fc.constantFrom(
    'a',
    '',
    ' ',
    'chunked',
    'identity',
    'gzip, chunked',
    'close',
    'keep-alive',
    'upgrade',
    'x-widget-token, host',

    '0',
    '2',
    '+2',
    '2, 2',
    '-1',
    '100-continue',
    '200-ok',
    'gw.acme.example',
    'evil.example',
    'null',
    'web',
    'a\tb',

    'a\r\n b',
    'a\rb',
    'a\nb',
    'a\x00b',
    'a\x7fb',
    '\xe9',
    'https://www.acme.example',
    'Bearer x',
    'bytes=0-1',
  ),
  fc.string({ maxLength: 12, unit: 'binary-ascii' }),
)
const colon = fc.constantFrom(': ', ': ', ': ', ':', ' : ', '\t:', ':\t', '', ':  ')

/** Header lines, half of them with something odd. */
export const anyHeaders = fc.array(
  fc.tuple(name, colon, value).map((parts) => parts.join('')),
  { maxLength: 8 },
)

const method = fc.constantFrom(
  'POST',
  'POST',
  'POST',
  'GET',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
)
const framing = fc.constantFrom(
  'Content-Length: 2',
  'Content-Length: 0',
  'Content-Length: +2',
  'Content-Length: 02',
  'Content-Length:2 ',

  'Content-Length: 2, 2',
  'Content-Length: 0x2',
  'Content-Length : 2',
  'Content-Length: 99999999999999999999',

  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: x',

  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer_Encoding: chunked',

  'Transfer-Encoding : chunked',
  ' Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked\x0b',

  'Connection: close',
  'Expect: 100-continue',
  'Content-Type: text/plain',
  'Content-Encoding: gzip',
  'X: y',
)
const bodyPiece = fc.constantFrom(
  'hi',
  '2\r\nhi\r\n',
  '0\r\n\r\n',
  '0\r\n',
  '2;a=b\r\nhi\r\n',
  '2 \r\nhi\r\n',
  '02\r\nhi\r\n',
  '2\nhi\n',
  '-2\r\nhi\r\n',

  '0x2\r\nhi\r\n',
  'ffffffffffffffffff\r\n',
  '0\r\nx: y\r\n\r\n',
  '\r\n',
  '\n',
  '\x00',
  '2\r\nhi',
  request('GET /api/widget/search?q=smuggled'),
  'GET /api/plugin/me HTTP/1.1\r\nX: ',
)
const version = fc.constantFrom(
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/1.1 ',
  '',
)
const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n')

/** A message whose framing may be anything. */
export const anyMessage = fc
  .tuple(
    method,
    version,
    fc.array(fc.tuple(framing, lineEnd), { maxLength: 4 }),
    fc.array(bodyPiece, { maxLength: 4 }),
  )
  .map(([verb, protocol, lines, body]) => {
    const path = verb === 'GET' ? '/api/widget/search?q=a' : '/api/widget/track/click'
    const head = `${verb} ${path} ${protocol}\r\nHost: gw.acme.example\r\n`
    return `${head}${lines.flat().join('')}\r\n${body.join('')}`
  })

const wellFormed = [
  request('GET /api/widget/search?q=a', ['Accept: a/b', 'Accept-Language: de']),
  request(
    'POST /api/widget/track/click',
    ['Content-Type: text/plain', 'Content-Length: 5'],
    'hello',
  ),
  request(
    'POST /api/widget/track/click',
    ['Transfer-Encoding: chunked'],
    '5\r\nhello\r\n0\r\n\r\n',
  ),
  request('GET /api/widget/search?q=a') +
    request('POST /api/widget/track/click', ['Content-Length: 2'], 'hi'),
]

/** A well-formed request with a few bytes changed, left out or put in. */
export const anyBytes = fc
  .tuple(
    fc.constantFrom(...wellFormed),
    fc.array(
      fc.tuple(
        fc.nat(400),
        fc.nat(2),
        fc.constantFrom(
          '\r',
          '\n',
          '\t',
          ' ',
          '\0',
          ':',
          ';',
          ',',
          '\\',
          '/',
          '_',
          '0',
          '\xff',
          '\x0b',
        ),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([bytes, changes]) =>
    changes.reduce((text, [place, removed, added]) => {
      const at = place % text.length
      return text.slice(0, at) + added + text.slice(at + removed)
    }, bytes),
  )
