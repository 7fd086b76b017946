import { defineConfig } from 'vitest/config'

// Not part of `npm test`: it needs ffmpeg and yt-dlp, which `npm run test:media` brings along.
export default defineConfig({
  test: {
    // A loaded machine is slow, not wrong.
    expect: { poll: { timeout: 10_000, interval: 20 } },
    include: ['test/media/*.test.ts'],
    root: '.',
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
