import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRig } from '../support/rig.ts'

/**
 * An upstream whose certificate does not prove its name gets nothing: no request, no credential.
 * The certificates are made here with openssl, signed by an authority that the gateway would trust
 * for the good one only if the operator said so (`NODE_EXTRA_CA_CERTS`), which nobody does here.
 */
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-certificates-'))
  openssl('req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

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

describe('an upstream with a bad certificate gets nothing', () => {
  test.each(Object.keys(makers))('%s', async (name) => {
    makers[name]?.()
    const received: Buffer[] = []
    const server = createServer(
      {
        key: readFileSync(join(folder, `${name}.key`)),
        cert: readFileSync(join(folder, `${name}.pem`)),
      },
      (socket) =>
        socket.on('data', (chunk: Buffer) => received.push(chunk)).on('error', () => undefined),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const rig = await startRig({
      configure: (yaml) =>
        yaml.replaceAll(/environment: http:\S+/g, `environment: https://localhost:${port}`),
    })
    try {
      const session = await rig.session('1001')
      const search = await rig.call('/api/widget/search?q=a')
      const own = await rig.call('/nector/api/v2/merchant/wallettransactions', { as: session })
      expect([search.status, search.json['code']]).toEqual([502, 'upstream/unreachable'])
      expect([own.status, own.json['code']]).toEqual([503, 'tokens/exchange-unavailable'])
      expect(Buffer.concat(received).length).toBe(0)
    } finally {
      await rig.close()
      await new Promise((resolve) => server.close(resolve))
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
