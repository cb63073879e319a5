import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // One more than there are cores: many tests wait for a process, a server or a clock.
    maxWorkers: 3,
    // A module is loaded once a worker, not once a file: tests share nothing through them but tables and counters.
    isolate: false,
  },
})
