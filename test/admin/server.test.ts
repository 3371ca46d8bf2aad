import { describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/admin/metrics.ts'
import { createAdminServer } from '../../src/admin/server.ts'
import { Secret } from '../../src/secret.ts'
import { createFakeClock } from '../support/fake-clock.ts'

const metrics = createMetrics(createFakeClock(), () => ({ tokens: 1, accounts: 2 }))
const token = new Secret('an-admin-token-for-tests')

describe('without a token, as on loopback', () => {
  const server = createAdminServer({ metrics, token: null, isReady: () => false })

  test.each(['/metrics', '/status'])('200: %s', async (url) => {
    expect((await server.inject(url)).statusCode).toBe(200)
  })

  test('200: the text format of Prometheus', async () => {
    const answer = await server.inject('/metrics')
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=/)
    expect(answer.body).toContain('gatehouse_kept{what="accounts"} 2')
  })

  test('200: not ready is told, not hidden', async () => {
    expect((await server.inject('/status')).json()).toMatchObject({ ready: false })
  })

  test('404: anything else', async () => {
    expect((await server.inject('/config')).statusCode).toBe(404)
  })
})

describe('with a token', () => {
  const server = createAdminServer({ metrics, token, isReady: () => true })

  test('200: the bearer', async () => {
    const authorization = `Bearer ${token.reveal()}`
    for (const url of ['/metrics', '/status']) {
      expect((await server.inject({ url, headers: { authorization } })).statusCode).toBe(200)
    }
  })

  test.each([
    ['nothing', undefined],
    ['another token', 'Bearer an-admin-token-for-tesTs'],
    ['a longer one', `Bearer ${token.reveal()}x`],
    ['a part of it', `Bearer ${token.reveal().slice(1)}`],
    ['another scheme', `Basic ${token.reveal()}`],
    ['the bare token', token.reveal()],
    ['[secret]', `Bearer ${String(token)}`],
  ])('401: %s, also for what does not exist', async (_what, authorization) => {
    const headers = authorization === undefined ? {} : { authorization }
    for (const url of ['/metrics', '/status', '/nothing']) {
      const answer = await server.inject({ url, headers })
      expect(answer.statusCode).toBe(401)
      expect(answer.body).not.toContain('gatehouse_')
    }
  })
})
