/** Whose fault it is that no answer to an exchange came. */
import { Dispatcher } from 'undici'
import { describe, expect, test } from 'vitest'
import { createBudgets } from '../../src/upstream/budget/budgets.ts'
import { createCompartments } from '../../src/upstream/compartment.ts'
import { createExchange } from '../../src/upstream/exchange.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { fakeRoutes } from '../support/fake-provider.ts'
import { fakeUpstream } from '../support/fake-upstream.ts'

const upstream = fakeUpstream()
const request = { method: 'GET', path: '/v1/accounts', headers: [] } as const

/** As undici reports what a socket reports, without a socket. */
class Failing extends Dispatcher {
  readonly #error: Error

  constructor(error: Error) {
    super()
    this.#error = error
  }

  override dispatch(
    _options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    // No connection, no controller: so does undici's own dispatcher.
    handler.onResponseError?.(null as never, this.#error)
    return false
  }

  override destroy(): Promise<void> {
    return Promise.resolve()
  }
}

/** Exchanges that all fail in one way. @returns the codes of so many of them */
async function codesOf(cause: Error, count: number): Promise<unknown[]> {
  const clock = createFakeClock()
  const exchange = createExchange({
    dispatchers: {
      pool: () => new Failing(cause),
      fresh: () => new Failing(cause),
      close: () => Promise.resolve(),
    },
    budgets: createBudgets({ clock, schedule: () => () => undefined, onOver: () => undefined }),
    compartments: createCompartments(() => undefined),
    clock,
    onExchange: () => undefined,
  })
  const [, route] = fakeRoutes
  if (route === undefined) throw new Error('there is no such route')
  const asked = { route, channel: 'browser', customer: 'ann', headers: {} } as const
  const { token } = upstream.authorize(asked)
  if (token === null) throw new Error('the route takes no token')
  const tuple = {
    provider: upstream.provider,
    environment: upstream.environment,
    storefront: 'acme',
    namespace: upstream.namespace,
    keyId: 'apiKey',
    keyFingerprint: 'f',
    kind: token.kind,
    customer: 'ann',
  }
  const codes: unknown[] = []
  for (let index = 0; index < count; index += 1) {
    const problem = await exchange(
      upstream,
      token,
      tuple,
    )(request).catch((failure: unknown) => failure)
    codes.push(problem instanceof Error && 'code' in problem ? problem.code : problem)
  }
  return codes
}

const system = (code: string) => Object.assign(new Error(code), { code, syscall: 'connect' })

describe('an exchange that fails', () => {
  test('at the upstream cannot be had, and so many are no longer tried', async () => {
    const codes = await codesOf(system('ECONNREFUSED'), 25)
    expect(codes.slice(0, 20)).toEqual(Array(20).fill('tokens/exchange-unavailable'))
    expect(codes.slice(20)).toEqual(Array(5).fill('upstream/circuit-open'))
  })

  test.each([
    ['for want of file descriptors', system('EMFILE'), 'downstream/overloaded'],
    ['by a mistake of ours', new TypeError('boom'), 'internal'],
  ])('%s is not held against the upstream', async (_what, error, code) => {
    expect(await codesOf(error, 25)).toEqual(Array(25).fill(code))
  })
})
