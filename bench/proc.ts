import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Of USER_HZ, which is 100 on every Linux that Node runs on. */
const tickMs = 10

interface Stat {
  pid: number
  parent: number
  /** Of its own threads, and of its children that ended and were waited for. */
  ownMs: number
  endedMs: number
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [1, 11, 12, 13, 14].map(at => fields[at])
    return { pid, parent, ownMs: (user + system) * tickMs, endedMs: (endedUser + endedSystem) * tickMs }
  } catch {
    return undefined // it has ended
  }
}

/** CPU time that these processes have used, in milliseconds, to 10 ms; their children's is not in it. */
export const cpuMs = (pids: number[]): number => pids.reduce((sum, pid) => sum + (readStat(pid)?.ownMs ?? 0), 0)

/** Resident memory of these processes together, in MB. */
export function rssMb(pids: number[]): number {
  const kilobytes = pids.map(pid => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0))
  return kilobytes.reduce((sum, value) => sum + value, 0) / 1000
}

export const childrenOf = (parent: number): number[] => allStats().flatMap(stat => (stat.parent === parent ? [stat.pid] : []))

function allStats(): Stat[] {
  return readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []))
}

/** All CPU time of the machine, without what the kernel spends on interrupts, which belongs to nobody. */
function machineMs(): number {
  const [user = 0, nice = 0, system = 0] =
    readFileSync('/proc/stat', 'latin1').split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? []
  return (user + nice + system) * tickMs
}

function oursMs(): number {
  const stats = allStats()
  const family = new Set([process.pid])
  for (let grown = true; grown; ) {
    const before = family.size
    for (const { pid, parent } of stats) if (family.has(parent)) family.add(pid)
    grown = family.size > before
  }
  return stats.reduce((sum, { pid, ownMs, endedMs }) => (family.has(pid) ? sum + ownMs + endedMs : sum), 0)
}

/** Begins to watch; what is returned tells which share of all cores others than this program and its children used since. */
export function watchOthers(): () => number {
  const [machine, ours, began] = [machineMs(), oursMs(), performance.now()]
  return () => {
    const others = machineMs() - machine - (oursMs() - ours)
    return Math.min(1, Math.max(0, others / (performance.now() - began) / availableParallelism()))
  }
}
