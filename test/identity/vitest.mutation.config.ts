import { defineConfig } from 'vitest/config'

/** The tests that a mutant of identity and ownership has to get past: and two flows for what only a socket shows. */
export default defineConfig({
  test: {
    include: [
      'test/identity/**/*.test.ts',
      'test/remembered.test.ts',
      'test/policy/**/*.test.ts',
      'test/flows/identity-session-cookie.test.ts',
      'test/flows/identity-sources.test.ts',
    ],
    exclude: ['docs', 'jws-vectors', 'config'].map((name) => `test/identity/${name}.test.ts`),
    testTimeout: 10_000,
  },
})
