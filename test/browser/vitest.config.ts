import { defineConfig } from 'vitest/config'

// Not part of `npm test`: it needs a Chromium, which `npm run test:browser` brings along.
export default defineConfig({
  test: {
    // A loaded machine is slow, not wrong.
    expect: { poll: { timeout: 10_000, interval: 20 } },
    include: ['test/browser/*.test.ts'],
    root: '.',
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
})
