import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // A loaded machine is slow, not wrong.
    expect: { poll: { timeout: 10_000, interval: 20 } },
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/media/**'],
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // The programs that tests start compile the same files again and again.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compiled') },
    pool: 'forks',
    maxWorkers: 3, // more than two cores, since much of it waits
  },
})
