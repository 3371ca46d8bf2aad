import { describe, expect, test } from 'vitest'
import type { AddCommand } from '../../src/cli/program.ts'
import { fakeProvider } from '../support/fake-provider.ts'
import { runCommand } from '../support/terminal.ts'

const providers = [fakeProvider]
const addGreet: AddCommand = (program, { terminal, providers }) =>
  program
    .command('greet')
    .description('say hello to every provider')
    .action(() => terminal.write(providers.map(({ title }) => `hello ${title}\n`).join('')))

describe('the command line', () => {
  test('lists its commands, those handed in first', async () => {
    const { out, code } = await runCommand(['--help'], { providers, commands: [addGreet] })
    expect(out.match(/^ {2}(greet|check|key)\b/gm)).toEqual(['  greet', '  check', '  key'])
    expect(code).toBe(0)
  })

  test('hands every command the providers and the terminal', async () => {
    const { out } = await runCommand(['greet'], { providers, commands: [addGreet] })
    expect(out).toBe('hello Acme API\n')
  })

  test('tells its version where it knows it', async () => {
    expect((await runCommand(['--version'], { providers, version: '1.2.3' })).out).toBe('1.2.3\n')
  })

  test.each([
    [['chekc'], 'Did you mean check?'],
    [['check', '--jsno'], 'Did you mean --json?'],
    [['key'], 'create'],
    [[], 'Usage: gatehouse'],
  ])('%j is a mistake, told on standard error', async (args, message) => {
    const { out, err, code } = await runCommand(args, { providers })
    expect({ out, code }).toEqual({ out: '', code: 1 })
    expect(err).toContain(message)
  })
})
