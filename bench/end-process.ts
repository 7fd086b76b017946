import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

const graceMs = 8000

/** Asks it to end, and makes it end when it takes too long. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await ended
  clearTimeout(timer)
}
