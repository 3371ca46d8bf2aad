/**
 * Runs with every test file (`vitest.config.ts`): what a gateway emitted is scanned when its rig
 * closes, so none may stay open.
 */
import { hasSubscribers } from 'node:diagnostics_channel'
import { afterAll, expect } from 'vitest'

afterAll(() => {
  expect(hasSubscribers('net.server.socket'), 'a rig was not closed').toBe(false)
  expect(hasSubscribers('net.client.socket'), 'a gateway process was not waited for').toBe(false)
})
