import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const heldHere = new Set<string>()
/** A lock that is older than this was left by a machine that lost its power, even if its number runs another program by now. */
const staleMs = 20_000

/** Runs `work` while no other process does for the same folder: two servers on one append-only file would ruin it. */
export async function alone<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const lock = join(dir, 'starting.pid')
  while (!take(lock)) await sleep(50)
  try {
    return await work()
  } finally {
    heldHere.delete(lock)
    rmSync(lock, { force: true })
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    heldHere.add(lock)
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    if (isAbandoned(lock)) rmSync(lock, { force: true })
    return false
  }
}

function isAbandoned(lock: string): boolean {
  try {
    if (Date.now() - statSync(lock).mtimeMs > staleMs) return true
    const holder = Number(readFileSync(lock, 'utf8'))
    if (holder === process.pid) return !heldHere.has(lock) // of a life before: in a container the numbers come again
    return holder > 0 && !isAlive(holder)
  } catch {
    return false // released at this very moment
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' // alive, and somebody else's
  }
}
