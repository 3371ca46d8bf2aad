import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createCallerAddress } from '../../src/downstream/caller-address.ts'

interface Call {
  readonly peer: string
  readonly trusted?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** The caller's address, and the peers that were reported. */
function addressOf({ peer, trusted = [], headers = {} }: Call): [string, string[]] {
  const told: string[] = []
  const find = createCallerAddress({ trusted, onUnlisted: (address) => told.push(address) })
  return [find({ socket: { remoteAddress: peer } } as IncomingMessage, headers), told]
}

const forwarded = (value: string) => ({ 'x-forwarded-for': value })

describe('the caller’s address', () => {
  test('is the peer’s where no proxy is listed, whatever it says', () => {
    const headers = { ...forwarded('192.0.2.9'), forwarded: 'for=192.0.2.9' }
    expect(addressOf({ peer: '203.0.113.5', headers })).toEqual(['203.0.113.5', []])
  })

  test('is the peer’s where the peer is not listed', () => {
    const trusted = ['10.0.0.1']
    expect(addressOf({ peer: '203.0.113.5', trusted, headers: forwarded('192.0.2.9') })[0]).toBe(
      '203.0.113.5',
    )
  })

  test.each([
    ['the only hop', '192.0.2.9', '192.0.2.9'],
    ['the right-most hop, not what the caller wrote before it', '1.1.1.1, 192.0.2.9', '192.0.2.9'],
    ['the right-most hop that is no proxy', '1.1.1.1, 192.0.2.9, 10.0.0.7', '192.0.2.9'],
    ['a hop with a port', '1.1.1.1, 192.0.2.9:4711', '192.0.2.9'],
    ['an IPv6 hop', '1.1.1.1, 2001:db8::9', '2001:db8::9'],
    ['an IPv6 hop in brackets with a port', '1.1.1.1, [2001:db8::9]:4711', '2001:db8::9'],
    ['an IPv4 hop in IPv6 clothes', '1.1.1.1, ::ffff:192.0.2.9', '192.0.2.9'],
    ['the left-most proxy where all are listed', '10.0.0.9, 10.0.0.7', '10.0.0.9'],
    [
      'the peer where a hop is no address: what stands left of it proves nothing',
      '1.1.1.1, unknown',
      '10.0.0.1',
    ],
    ['the last proxy before a hop that is no address', '1.1.1.1, _hidden, 10.0.0.7', '10.0.0.7'],
    ['the peer where nothing was forwarded', '', '10.0.0.1'],
  ])('behind a listed proxy is %s', (_name, value, expected) => {
    const call = { peer: '10.0.0.1', trusted: ['10.0.0.0/8'], headers: forwarded(value) }
    expect(addressOf(call)).toEqual([expected, []])
  })

  test('reads IPv4 from a dual-stack socket', () => {
    expect(addressOf({ peer: '::ffff:203.0.113.5' })[0]).toBe('203.0.113.5')
  })
})

describe('a proxy that is not listed is reported', () => {
  test.each([
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '127.0.0.1',
    '::1',
    'fd00::1',
    'fe80::1',
  ])('when it is in a private network: %s', (peer) => {
    expect(addressOf({ peer, headers: forwarded('192.0.2.9') })).toEqual([peer, [peer]])
  })

  test('and not when it is somebody on the Internet, or says nothing', () => {
    expect(addressOf({ peer: '203.0.113.5', headers: forwarded('1.1.1.1') })[1]).toEqual([])
    expect(addressOf({ peer: '10.1.2.3' })[1]).toEqual([])
  })

  test('once', () => {
    const told: string[] = []
    const find = createCallerAddress({ trusted: [], onUnlisted: (address) => told.push(address) })
    const request = { socket: { remoteAddress: '10.0.0.1' } } as IncomingMessage
    for (let call = 0; call < 3; call += 1) find(request, forwarded('1.1.1.1'))
    expect(told).toEqual(['10.0.0.1'])
  })
})
