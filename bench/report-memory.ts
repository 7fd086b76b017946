// Preloaded (`--import`) into a process that is measured: on SIGUSR2 it collects its garbage and says what it holds.
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  process.stderr.write(`\n[memory] ${JSON.stringify({ rss, heapUsed })}\n`)
})
