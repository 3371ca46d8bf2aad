import { describe, expect, test } from 'vitest'
import { originSchema } from '../../src/config/origin.ts'

describe('an origin', () => {
  test.each([
    'https://www.acme.example',
    'https://www.acme.example:8443',
    'https://192.0.2.1',
    'https://[2001:db8::1]',
    'http://localhost:3000',
    'http://127.0.0.1:8080',
    'http://[::1]:3000',
    'http://shop.localhost',
    'capacitor://localhost',
    'ionic://localhost',
    'app.acme+shop://localhost:99',
  ])('may be %s', (origin) => expect(originSchema.safeParse(origin).success).toBe(true))

  test.each([
    ['null', 'may not be null: every sandboxed page and local file sends that'],
    ['*', 'takes no wildcard: list each origin'],
    ['https://*.acme.example', 'takes no wildcard: list each origin'],
    ['http://www.acme.example', 'must use https: plain http is for loopback only'],
    ['http://localhost.evil.example', 'must use https: plain http is for loopback only'],
    ['http://127.0.0.1.evil.example', 'must use https: plain http is for loopback only'],
  ])('may not be %s: it %s', (origin, message) => {
    const { error } = originSchema.safeParse(origin)
    expect(error?.issues.map((issue) => issue.message)).toEqual([message])
  })

  test.each([
    '',
    'www.acme.example',
    '//www.acme.example',
    'https://www.acme.example/',
    'https://www.acme.example/shop',
    'https://www.acme.example?x',
    'https://www.acme.example#x',
    'https://user@www.acme.example',
    'https://www.acme.example:443',
    'http://localhost:80',
    'https://WWW.acme.example',
    'HTTPS://www.acme.example',
    'https://www.acme.example.',
    'https://bücher.example',
    'https://www.acme.example\n',
    ' https://www.acme.example',
    'https://www.acme.example, https://b.example',
    'https://www.acme.example\\',
    'https://0x7f.1',
    'file://localhost',
    'data://x',
    'wss://www.acme.example',
    'capacitor://',
    'capacitor://localhost/',
    'capacitor://Localhost',
    'mailto:a@acme.example',
  ])('may not be %j, because no page sends that', (origin) => {
    const { error } = originSchema.safeParse(origin)
    expect(error?.issues.map((issue) => issue.message)).toEqual([
      expect.stringContaining('must be an exact origin'),
    ])
  })
})
