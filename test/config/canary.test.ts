import { describe, expect, test } from 'vitest'
import { isMap, isScalar, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { checkConfig } from '../../src/config/warnings.ts'
import { describeConfig } from '../../src/config/describe.ts'
import { ConfigError } from '../../src/config/mistake.ts'
import { parseConfig } from '../../src/config/load.ts'
import type { Provider } from '../../src/provider.ts'
import { env, minimal } from '../support/config-text.ts'
import { fakeProvider } from '../support/fake-provider.ts'
import { providers as realProviders } from '../../providers/index.ts'

const canary = 'CANARY-4f9c01d2e8b7a6535512'

const full = `
configVersion: 1
listen: { host: 0.0.0.0, port: 8080, trustedProxies: [10.0.0.0/8] }
admin: { host: 127.0.0.1, port: 8081, token: "some-long-admin-token" }
store: { type: memory }
workers: 1
shutdown: { wait: 2s, deadline: 10s }
${minimal.replace(/\$\{env:\w+\}/g, '"$&"')}        retries: 1
        verbose: true
        budget: off
    limits: off
`

/** Everything that loading `text` says, whether it fails or not. */
function said(text: string, providers: readonly Provider[] = [fakeProvider]): string {
  try {
    const config = parseConfig(text, { providers, env: { ...env, CANARY: canary } })
    return JSON.stringify(checkConfig(config, providers))
  } catch (error) {
    if (error instanceof ConfigError)
      return `${error.message}\n${error.stack ?? ''}\n${JSON.stringify(error)}`
    throw error
  }
}

/** The file once for each of its values, lists and mappings, with something else in its place. */
function variants(replacement: string): readonly string[] {
  const count = places(full).length
  return Array.from({ length: count }, (_, index) => {
    const document = parseDocument(full)
    let position = 0
    visit(document, {
      Node: (key, node) => {
        if (key === 'key' || position++ !== index) return undefined
        return document.createNode(isScalar(node) && node.value === null ? null : replacement)
      },
    })
    return document.toString()
  })
}

function places(text: string): readonly unknown[] {
  const found: unknown[] = []
  visit(parseDocument(text), { Node: (key, node) => void (key === 'key' || found.push(node)) })
  return found
}

describe('T26: no message holds a configured value', () => {
  test('wherever it stands, written out', () => {
    const texts = variants(canary)
    expect(texts.length).toBeGreaterThan(30)
    expect(texts.filter((text) => text.includes(canary))).toHaveLength(texts.length)
    expect(texts.filter((text) => said(text).includes(canary))).toEqual([])
  })

  test('wherever it stands, by reference', () => {
    const texts = variants('${env:CANARY}')
    expect(texts.filter((text) => said(text).includes(canary))).toEqual([])
  })

  test('as a key', () => {
    const keys: (readonly (string | number)[])[] = [[]]
    visit(parseDocument(full), {
      Map: (_key, _node, path) => {
        const names = path.flatMap((step) =>
          'key' in step && isScalar(step.key) ? [String(step.key.value)] : [],
        )
        keys.push(names)
      },
    })
    for (const path of keys) {
      const document = parseDocument(full)
      const parent = path.length === 0 ? document.contents : document.getIn(path)
      if (isMap(parent)) document.setIn([...path, canary], 1)
      expect(said(document.toString())).not.toContain(canary)
    }
  })

  test('although the provider’s own message quotes it', () => {
    const chatty: Provider = {
      ...fakeProvider,
      config: z.strictObject({
        a: z.string().refine(() => false, { error: ({ input }) => `bad value ${String(input)}` }),
        b: z
          .object({ c: z.string() })
          .refine(() => false, { error: ({ input }) => `not ${JSON.stringify(input)}` }),
      }),
    }
    const head = minimal.slice(0, minimal.indexOf('        environment'))
    const text = `${head}        a: ${canary}\n        b: { c: "\${env:CANARY}" }\n`
    expect(said(text, [chatty])).not.toContain(canary)
    expect(said(text, [chatty])).toContain('acmeapi.a: is not valid')
  })

  test('in the configuration of any provider there is', () => {
    for (const provider of realProviders) {
      const head = minimal.slice(0, minimal.indexOf('      acmeapi'))
      const shape = z.toJSONSchema(provider.config, { io: 'input', unrepresentable: 'any' })
      for (const name of Object.keys(shape.properties ?? {})) {
        for (const value of [
          canary,
          `[${canary}]`,
          `{ ${canary}: ${canary} }`,
          `{ apiKey: ${canary} }`,
          '${env:CANARY}',
        ]) {
          const text = `${head}      ${provider.id}:\n        ${name}: ${value}\n`
          expect(said(text, realProviders)).not.toContain(canary)
        }
      }
    }
  })
})

test('what is printed of a good configuration holds no secret', () => {
  const config = parseConfig(minimal, { providers: [fakeProvider], env })
  const printed = describeConfig(config)
  for (const secret of Object.values(env)) expect(printed).not.toContain(secret)
})
