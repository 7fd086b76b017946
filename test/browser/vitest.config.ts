import { defineConfig } from 'vitest/config'

// Not part of `npm test`: it needs a Chromium. Run it with `npx vitest run --config test/browser/vitest.config.ts`.
export default defineConfig({
  test: { include: ['test/browser/*.test.ts'], root: '.', testTimeout: 30_000, hookTimeout: 30_000, fileParallelism: false },
})
