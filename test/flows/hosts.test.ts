/** Which storefront a call is for: its Host, and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textOf } from '../support/json.ts'
import { ALICE, keys, startRig } from '../support/rig.ts'
import type { Rig } from '../support/rig.ts'

const acme = 'gw.acme.example'
const globex = 'gw.globex.example'
const search = '/api/widget/search?q=tent'
const mine = '/api/v2/merchant/leads/me'

let rig: Rig
beforeAll(async () => {
  rig = await startRig({ configure: twoStorefronts })
})
afterAll(() => rig.close())

describe('200', () => {
  test.each([acme, `${acme}:8080`, `${acme}:1`, 'GW.Acme.Example', globex])(
    'Host: %s',
    async (host) => {
      expect((await rig.call(search, { headers: { host } })).status).toBe(200)
    },
  )

  test('each storefront says its own name', async () => {
    for (const [host, storefront] of [
      [acme, 'acme'],
      [globex, 'globex'],
    ]) {
      const answer = await rig.call('/session', { headers: { host: host ?? '' } })
      expect(answer.json).toMatchObject({ storefront })
    }
  })

  test.each(['/livez', '/readyz'])('%s on any Host, whoever asks', async (path) => {
    for (const host of [acme, 'unknown.example', '127.0.0.1:1', 'kube-probe']) {
      const answer = await rig.call(path, { headers: { host, origin: 'https://evil.example' } })
      expect(answer.status).toBe(200)
    }
    expect((await rig.call(path, { method: 'HEAD' })).status).toBe(200)
    expect(rig.neuroon.received.filter((sent) => sent.path.startsWith(path))).toEqual([])
  })
})

describe('401', () => {
  test('a session of one storefront is none at another, although the secret is the same', async () => {
    const as = await sessionAt(acme)
    expect((await rig.call(mine, { as, headers: { host: acme } })).status).toBe(200)
    const answer = await rig.call(mine, { as, headers: { host: globex } })
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({ code: 'identity/invalid' })
  })
})

describe('400', () => {
  test.each([
    '',
    'a b',
    'gw.acme.example/',
    'user@gw.acme.example',
    'gw.acme.example:x',
    'gw..example',
  ])('Host: %j', async (host) => {
    expect((await rig.call(search, { headers: { host } })).status).toBe(400)
  })
})

describe('421', () => {
  test.each([
    'unknown.example',
    'acme.example',
    'x.gw.acme.example',
    'gw.acme.example.evil.com',
    '127.0.0.1',
    'localhost:8080',
    '[::1]',
    '__proto__',
    'constructor',
  ])('Host: %s, and nothing is sent', async (host) => {
    const before = rig.neuroon.received.length
    const answer = await rig.call(search, { headers: { host } })
    // An underscore stands in no host name.
    const isName = !host.includes('_')
    expect(answer.status).toBe(isName ? 421 : 400)
    expect(answer.json).toMatchObject({
      code: isName ? 'downstream/misdirected' : 'downstream/malformed',
    })
    expect(rig.neuroon.received).toHaveLength(before)
  })
})

describe('accounts', () => {
  test('learned at one storefront are not known at the other', async () => {
    const before = lookUps()
    await rig.call(mine, { as: await sessionAt(acme), headers: { host: acme } })
    await rig.call(mine, { as: await sessionAt(globex), headers: { host: globex } })
    await rig.call(mine, { as: await sessionAt(globex), headers: { host: globex } })
    expect(lookUps() - before).toBe(1)
  })
})

function lookUps(): number {
  return rig.nector.received.filter(({ headers }) => 'x-leaddigest' in headers).length
}

async function sessionAt(host: string): Promise<string> {
  const answer = await rig.call('/session', {
    method: 'POST',
    as: keys.backend,
    headers: { host },
    json: { customerId: ALICE.customer },
  })
  return textOf(answer.json['token'])
}

/** The rig's storefront, and another one with the same keys and secrets on another host. */
function twoStorefronts(yaml: string): string {
  const [head = '', block = ''] = yaml.split('  acme:\n')
  const at = (host: string) => block.replace("['*']", `[${host}]`)
  return `${head}  acme:\n${at(acme)}  globex:\n${at(globex)}`
}
