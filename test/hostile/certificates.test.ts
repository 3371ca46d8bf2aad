import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { AUDIENCE, claimsFor, createSigningKey, ISSUER } from '../identity/log-in.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { ALICE, SERVER_KEY, startRig } from '../support/rig.ts'

/**
 * A server whose certificate does not prove its name gets nothing: no request, no credential. The
 * certificates are made here with openssl, signed by an authority that the gateway trusts only
 * where the operator says so (`NODE_EXTRA_CA_CERTS`).
 */
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-certificates-'))
  openssl('req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** As `NODE_EXTRA_CA_CERTS` would, until the end of the test. */
function trustAuthority(): void {
  setDefaultCACertificates([...trusted, readFileSync(join(folder, 'ca.pem'), 'utf8')])
}
const trusted = getCACertificates('default')
afterEach(() => setDefaultCACertificates(trusted))

function openssl(words: string): void {
  execFileSync('openssl', words.split(' '), { cwd: folder, stdio: 'pipe' })
}

/** Key and certificate for a name, signed by the test's authority. */
function signed(name: string, dates: string): void {
  openssl(`req -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.csr -subj /CN=localhost`)
  const alternative = name === 'wrong-name' ? 'DNS:other.example' : 'DNS:localhost,IP:127.0.0.1'
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${alternative}\n`)
  openssl(
    `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out ${name}.pem -extfile ${name}.ext ${dates}`,
  )
}

const makers: Readonly<Record<string, () => void>> = {
  expired: () => signed('expired', '-days -1'),
  'wrong-name': () => signed('wrong-name', '-days 2'),
  'self-signed': () =>
    openssl(
      'req -x509 -newkey rsa:2048 -nodes -keyout self-signed.key -out self-signed.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1',
    ),
  'unknown-authority': () => signed('unknown-authority', '-days 2'),
}

/** How each is refused when the authority itself is trusted: by date and by name, not by issuer. */
const whenTrusted: Readonly<Record<string, string>> = {
  expired: 'CERT_HAS_EXPIRED',
  'wrong-name': 'ERR_TLS_CERT_ALTNAME_INVALID',
}

/** A server with that certificate which only listens. */
async function startListening(name: string) {
  makers[name]?.()
  const received: Buffer[] = []
  const server = createServer(pair(name), (socket) =>
    socket.on('data', (chunk: Buffer) => received.push(chunk)).on('error', () => undefined),
  )
  const url = await listen(server)
  return { url, received: () => Buffer.concat(received).toString(), close: () => close(server) }
}

function pair(name: string) {
  return {
    key: readFileSync(join(folder, `${name}.key`)),
    cert: readFileSync(join(folder, `${name}.pem`)),
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return `https://localhost:${(server.address() as AddressInfo).port}`
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
}

describe('an upstream with a bad certificate gets nothing', () => {
  test.each(Object.keys(makers))('%s', async (name) => {
    const upstream = await startListening(name)
    const rig = await startRig({
      configure: (yaml) =>
        yaml.replaceAll(/environment: http:\S+/g, `environment: ${upstream.url}`),
    })
    try {
      const session = await rig.session('1001')
      const search = await rig.call('/api/widget/search?q=a')
      const own = await rig.call('/nector/api/v2/merchant/wallettransactions', { as: session })
      expect([search.status, search.json['code']]).toEqual([502, 'upstream/unreachable'])
      expect([own.status, own.json['code']]).toEqual([503, 'tokens/exchange-unavailable'])
      expect(upstream.received()).toBe('')
    } finally {
      await rig.close()
      await upstream.close()
    }
  })

  test.each(Object.keys(makers))('%s, at the end of a tunnel', async (name) => {
    const upstream = await startListening(name)
    const proxy = await startConnectProxy()
    const rig = await startRig({
      configure: (yaml) =>
        throughProxy(yaml, proxy.url).replaceAll(
          /environment: http:\S+/g,
          `environment: ${upstream.url}`,
        ),
    })
    try {
      const session = await rig.session('1001')
      const content = await rig.call('/nector/api/v2/merchant/triggers')
      const own = await rig.call('/nector/api/v2/merchant/wallettransactions', { as: session })
      expect([content.status, content.json['code']]).toEqual([502, 'upstream/unreachable'])
      expect([own.status, own.json['code']]).toEqual([503, 'tokens/exchange-unavailable'])
      expect(upstream.received()).toBe('')
      expect(proxy.asked.length).toBeGreaterThan(0)
    } finally {
      await rig.close()
      await Promise.all([upstream.close(), proxy.close()])
    }
  })

  test.each(Object.keys(makers))('%s, and it is the proxy', async (name) => {
    const proxy = await startListening(name)
    const withPassword = proxy.url.replace('//', '//somebody:proxy-password@')
    const rig = await startRig({ configure: (yaml) => throughProxy(yaml, withPassword) })
    try {
      const content = await rig.call('/nector/api/v2/merchant/triggers')
      expect([content.status, content.json['code']]).toEqual([502, 'upstream/unreachable'])
      expect(proxy.received()).toBe('')
      expect(rig.nector.received).toEqual([])
    } finally {
      await rig.close()
      await proxy.close()
    }
  })

  test.each(Object.entries(whenTrusted))(
    '%s, also where its authority is trusted: %s',
    async (name, code) => {
      makers[name]?.()
      const output = execFileSync(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          probe(join(folder, `${name}.key`), join(folder, `${name}.pem`)),
        ],
        {
          cwd: new URL('../..', import.meta.url).pathname,
          env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
          encoding: 'utf8',
        },
      )
      expect(JSON.parse(output)).toEqual({ code, received: 0 })
    },
  )
})

test('a proxy and an upstream behind it with good ones are used', async () => {
  trustAuthority()
  makers['unknown-authority']?.()
  const received: IncomingHttpHeaders[] = []
  const server = createHttpsServer(pair('unknown-authority'), ({ headers }, response) => {
    received.push(headers)
    response.setHeader('content-type', 'application/json')
    response.end('{}')
  })
  const url = await listen(server)
  const proxy = await startConnectProxy(pair('unknown-authority'))
  const withPassword = proxy.url.replace('//', '//somebody:proxy-password@')
  const rig = await startRig({
    configure: (yaml) =>
      throughProxy(yaml, withPassword).replace(/(nector:\s+environment:) http:\S+/, `$1 ${url}`),
  })
  try {
    expect((await rig.call('/nector/api/v2/merchant/triggers')).status).toBe(200)
    expect(proxy.asked).toEqual([
      {
        what: `CONNECT ${new URL(url).host}`,
        headers: {
          host: new URL(url).host,
          connection: 'close',
          'proxy-connection': 'keep-alive',
          'proxy-authorization': `Basic ${Buffer.from('somebody:proxy-password').toString('base64')}`,
        },
      },
    ])
    expect(received).toHaveLength(1)
    expect(received[0]).toHaveProperty('x-apikey', SERVER_KEY)
    expect(received[0]).not.toHaveProperty('proxy-authorization')
  } finally {
    await rig.close()
    await Promise.all([close(server), proxy.close()])
  }
})

function throughProxy(yaml: string, url: string): string {
  return yaml.replace(
    'customer: shopify\n',
    `customer: shopify\n        upstream: { proxy: "${url}" }\n`,
  )
}

/**
 * The shop's own servers decide who a caller is: a forged key set would make anybody any shopper,
 * and a false log-in would be handed the shoppers' cookies.
 */
describe('a server of the shop’s with a bad certificate is told nothing and not believed', () => {
  const signing = createSigningKey('k1')

  /** Two calls, each a shopper's if the server behind that certificate is believed. */
  async function identifyBy(name: string) {
    makers[name]?.()
    let received = 0
    const asked: string[] = []
    const server = createHttpsServer(pair(name), (request, response) => {
      asked.push(`${request.url} ${request.headers.cookie ?? ''}`.trim())
      response.setHeader('x-customer-id', ALICE.customer)
      response.end(JSON.stringify({ keys: [signing.jwk] }))
    })
    server.on('secureConnection', (socket) =>
      socket.on('data', (chunk: Buffer) => (received += chunk.length)),
    )
    const url = await listen(server)
    const sources = `
      - { type: jwt, issuer: '${ISSUER}', audience: ${AUDIENCE}, jwks: '${url}/jwks' }
      - { type: forward-auth, url: '${url}/whoami', cookie: sid, idHeader: x-customer-id }
    providers:`
    const rig = await startRig({ configure: (yaml) => yaml.replace(/\n {4}providers:/, sources) })
    try {
      const path = '/nector/api/v2/merchant/leads/me'
      const answers = [
        await rig.call(path, { as: signing.sign(claimsFor(ALICE.customer, Date.now())) }),
        await rig.call(path, { headers: { cookie: 'sid=abc' } }),
      ]
      const said = answers.map(({ status, json }) => [status, json['code'] ?? 'answered'])
      return { said, asked, received, sent: rig.nector.received.length }
    } finally {
      await rig.close()
      await close(server)
    }
  }

  const disbelieved = {
    said: Array.from({ length: 2 }, () => [503, 'identity/unavailable']),
    asked: [],
    received: 0,
    sent: 0,
  }

  test.each(Object.keys(makers))('%s', async (name) => {
    expect(await identifyBy(name)).toEqual(disbelieved)
  })

  test.each(Object.keys(whenTrusted))('%s, also where its authority is trusted', async (name) => {
    trustAuthority()
    expect(await identifyBy(name)).toEqual(disbelieved)
  })

  test('with a good one from an authority that is trusted it is asked', async () => {
    trustAuthority()
    const { said, asked } = await identifyBy('unknown-authority')
    expect(said).toEqual([
      [200, 'answered'],
      [200, 'answered'],
    ])
    expect(asked).toEqual(['/jwks', '/whoami sid=abc'])
  })
})

/** A process that trusts the authority calls through the gateway's own dispatcher. */
function probe(key: string, certificate: string): string {
  return `
    import { readFileSync } from 'node:fs'
    import { createServer } from 'node:tls'
    import { createDispatchers } from './src/upstream/dispatcher.ts'
    let received = 0
    const server = createServer(
      { key: readFileSync(${JSON.stringify(key)}), cert: readFileSync(${JSON.stringify(certificate)}) },
      (socket) => socket.on('data', (chunk) => (received += chunk.length)).on('error', () => undefined),
    )
    server.listen(0, '127.0.0.1', async () => {
      const origin = 'https://localhost:' + server.address().port
      const dispatcher = createDispatchers().pool({ origin, egress: {} })
      const code = await dispatcher.request({ origin, path: '/', method: 'GET' }).then(() => 'none', (error) => error.code)
      console.log(JSON.stringify({ code, received }))
      process.exit(0)
    })
  `
}
