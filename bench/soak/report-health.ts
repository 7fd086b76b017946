// Preloaded (`--import`) into a process that is soaked: on SIGUSR2 it collects its garbage, and says what it holds and how late its event loop
// was since it was last asked.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()

process.on('SIGUSR2', () => {
  const lagMs = delay.percentile(99) / 1e6
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  process.stderr.write(`\n[health] ${JSON.stringify({ rss, heapUsed, lagMs })}\n`)
  delay.reset() // the collection is ours, and not counted
})
