import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/slow/**', 'test/nightly/**'],
    setupFiles: ['test/support/seed.ts', 'test/support/every-rig-closes.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: more workers only make the socket suites wait for each other.
    maxWorkers: 2,
  },
})
