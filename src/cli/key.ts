import { hash, randomBytes } from 'node:crypto'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { keyIdSchema } from '../config/identity.ts'
import { knownScopes, sessionScope } from '../config/scopes.ts'
import type { Provider } from '../provider.ts'
import type { CommandParts } from './program.ts'

interface CreateOptions {
  readonly id: string
  readonly scopes: readonly string[]
}

/** `gatehouse key create`: a service key that only its owner has; the configuration has its hash. */
export function addKey(program: Command, { providers, terminal }: CommandParts): void {
  program
    .command('key')
    .description('service keys, by which a shop’s own servers prove themselves')
    .command('create')
    .description('make a service key; it is printed once and kept nowhere')
    .requiredOption('--id <id>', 'names the key in the configuration and in logs', readId)
    .option('--scopes <list>', 'what it may do, with commas', readScopes(providers), [sessionScope])
    .action((options: CreateOptions) => terminal.write(present(options, createKey())))
}

/** 256 random bits, and a prefix by which people and secret scanners know it. */
export function createKey(): string {
  return `gh_${randomBytes(32).toString('base64url')}`
}

function present({ id, scopes }: CreateOptions, key: string): string {
  return [
    'The key; it is not shown again:',
    '',
    `  ${key}`,
    '',
    'For gatehouse.yaml, in the storefront’s identity:',
    '',
    '  - type: service-key',
    '    keys:',
    `      - id: ${JSON.stringify(id)}`,
    `        sha256: ${hash('sha256', key, 'hex')}`,
    `        scopes: ${JSON.stringify(scopes)}`,
    '',
  ].join('\n')
}

function readId(id: string): string {
  const { error } = keyIdSchema.safeParse(id)
  if (error === undefined) return id
  throw new InvalidArgumentError(`It ${error.issues.map(({ message }) => message).join(', ')}.`)
}

function readScopes(providers: readonly Provider[]) {
  const known = knownScopes(providers)
  return (list: string): readonly string[] => {
    const scopes = list.split(',').map((scope) => scope.trim())
    if (scopes.every((scope) => known.includes(scope))) return scopes
    throw new InvalidArgumentError(`The scopes are ${known.join(', ')}.`)
  }
}
