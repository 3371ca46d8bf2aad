import { defineConfig } from 'vitest/config'

/** What runs for each mutant of `src/tokens`: fast, and without sockets (stryker.tokens.config.json). */
export default defineConfig({
  test: {
    include: ['test/tokens/*.test.ts', 'test/simulator/simulator.test.ts'],
    exclude: ['test/tokens/crowds.test.ts'],
    env: { SIMULATION_STEPS: '1200' },
    testTimeout: 20_000,
    pool: 'threads',
  },
})
